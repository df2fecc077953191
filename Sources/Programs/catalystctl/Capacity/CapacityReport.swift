internal import Capacity
internal import ControlProtocol
internal import StackModel

/// All that there is to say about room and money: what `capacity --json` prints.
struct CapacityReport {
    let stack: String
    let machine: Machine
    let budget: Budget
    let bill: Bill
    let load: Load
    let advice: Advice
    /// Where the plan and the machine differ, in words.
    let notes: [String]

    init(stack: StackSpec, machine: Machine, status: StackStatus?, series: [Series]) {
        let measures = Measures(series: series, status: status, machine: machine)
        let host = stack.host
        let documented = Plan.documented(
            cpus: host.cpus ?? machine.cpus, memory: host.memory ?? machine.memory)
        let plan = Plan(
            cpus: host.cpus ?? machine.cpus, memory: host.memory ?? machine.memory,
            monthlyCost: documented?.monthlyCost)
        var demands = stack.services.map { service in
            var demand = Demand(service)
            demand.cpu = measures.use(of: .cpu, by: service.name)
            demand.memory = measures.use(of: .memory, by: service.name)
            return demand
        }
        var system = Demand.system
        (system.cpu, system.memory) = measures.rest()
        demands += [.nginx, system]
        self.stack = stack.name
        self.machine = machine
        budget = Budget(demands, plan: plan)
        bill = Bill(given: host.costs, plan: plan)
        load = measures.load(host)
        advice = Capacity.advice(for: load, on: plan)
        notes = Self.notes(plan, machine)
    }

    private static func notes(_ plan: Plan, _ machine: Machine) -> [String] {
        var notes: [String] = []
        if plan.cpus != machine.cpus {
            notes.append(
                "the plan has \(humanCount(plan.cpus)) vCPU, this machine \(humanCount(machine.cpus))"
            )
        }
        // The kernel keeps some for itself.
        let ratio = Double(machine.memory.bytes) / Double(max(1, plan.memory.bytes))
        if !(0.85...1.05).contains(ratio) {
            notes.append("the plan has \(plan.memory) of memory, this machine \(machine.memory)")
        }
        return notes
    }
}

extension CapacityReport: Encodable {
    private enum CodingKeys: String, CodingKey {
        case stack, plan, machine, parts, expected, limits, reservations, headroom, commitment,
            notes, load, advice, costs, monthlyCost
    }
    private enum LoadKeys: String, CodingKey {
        case cpu, memory, disk, connections, databaseSize, seconds
    }
    private enum AdviceKeys: String, CodingKey { case isEnough, reasons, steps }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(stack, forKey: .stack)
        try container.encode(budget.plan, forKey: .plan)
        try container.encode(machine, forKey: .machine)
        try container.encode(budget.demands, forKey: .parts)
        try container.encode(budget.expected, forKey: .expected)
        try container.encode(budget.limits, forKey: .limits)
        try container.encode(budget.reservations, forKey: .reservations)
        try container.encode(budget.headroom, forKey: .headroom)
        try container.encode(budget.commitment, forKey: .commitment)
        try container.encode(notes, forKey: .notes)
        try container.encode(bill.items, forKey: .costs)
        try container.encode(bill.isComplete ? bill.sum : nil, forKey: .monthlyCost)
        var loads = container.nestedContainer(keyedBy: LoadKeys.self, forKey: .load)
        try loads.encodeIfPresent(load.cpu, forKey: .cpu)
        try loads.encodeIfPresent(load.memory, forKey: .memory)
        try loads.encodeIfPresent(load.disk, forKey: .disk)
        try loads.encodeIfPresent(load.connections, forKey: .connections)
        try loads.encodeIfPresent(load.databaseSize, forKey: .databaseSize)
        try loads.encode(load.span.seconds, forKey: .seconds)
        var advices = container.nestedContainer(keyedBy: AdviceKeys.self, forKey: .advice)
        try advices.encode(advice.isEnough, forKey: .isEnough)
        try advices.encode(advice.reasons, forKey: .reasons)
        try advices.encode(advice.steps.map(\.words), forKey: .steps)
    }
}
