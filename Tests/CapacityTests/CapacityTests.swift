import StackModel
import Testing

@testable import Capacity

struct CapacityTests {
    @Test func `the documented table is five CPUs, and leaves more than a quarter of 8G`() {
        let budget = Budget(documented, plan: Plan.documented[0])
        #expect(budget.expected == .of(5, mebibytes: 4992))
        #expect(budget.reservations == .of(2, mebibytes: 2048))
        #expect(budget.headroom > Budget.headroomMin)
        #expect(abs(budget.headroom - 0.390625) < 1e-9)
    }

    @Test func `eight limits of 1G and one of 256M are more than 8G has`() {
        let budget = Budget(documented, plan: Plan.documented[0])
        #expect(budget.limits.memory == .mebibytes(8448))
        #expect(budget.isOvercommitted)
        #expect(abs(budget.commitment - 1.03125) < 1e-9)
        #expect(!Budget(documented, plan: Plan.documented[1]).isOvercommitted)
    }

    @Test func `what a limit leaves is counted from the highest use`() {
        var demand = Demand(
            "news", expected: .of(nil, mebibytes: nil), limits: .of(1, mebibytes: 1024))
        #expect(demand.memoryHeadroom == nil)
        demand.memory = Use(now: 1e6, p95: 2e8, max: 268_435_456)
        #expect(demand.memoryHeadroom == 0.75)
        demand.limits = .of(1, mebibytes: nil)
        #expect(demand.memoryHeadroom == nil)
    }

    @Test func `95 of 100 hours are below p95, and the highest minute is the maximum`() throws {
        var points = (1...100).map { point(hour: $0, [.cpu: Double($0)]) }
        points[3].highs = [.cpu: 400]
        points[4].values = [.memory: 7]
        let use = try #require(Use(of: .cpu, in: points.reversed(), now: 12))
        // One hour does not know the CPU: of 99 values the 95th is 96.
        #expect(use == Use(now: 12, p95: 96, max: 400))
        #expect(points.span == .seconds(100 * 3600))
    }

    @Test func `what was never measured has no use, and what is measured only now has that`() {
        #expect(Use(of: .cpu, in: [], now: nil) == nil)
        #expect(Use(of: .cpu, in: [], now: 0.5) == Use(now: 0.5))
        #expect(Use(of: .cpu, in: [point(hour: 1, [.cpu: .nan])], now: nil) == nil)
        #expect([Measurement]().span == .zero)
    }

    @Test(arguments: [
        (nil as Double?, nil as Double?, nil as Double?, [Advice.Step]()),
        (0.7, 0.75, 0.8, []),
        (0.71, 0.5, nil, [.upgrade(Plan.documented[1])]),
        (0.5, 0.76, nil, [.upgrade(Plan.documented[1])]),
        // 4 vCPU of which all are used are too much for 6, and 8 do.
        (1.0, 0.5, nil, [.upgrade(Plan.documented[1])]),
        (1.1, 0.5, nil, [.upgrade(Plan.documented[2])]),
        (0.1, 1.6, nil, [.upgrade(Plan.documented[2])]),
        (1.5, 0.1, nil, [.largerThanDocumented]),
        (0.1, 0.1, 0.81, [.readReplica(monthlyCost: 15)]),
        (0.9, 0.9, 0.9, [.upgrade(Plan.documented[1]), .readReplica(monthlyCost: 15)]),
    ])
    func `a week of too much calls for the smallest documented plan that does`(
        _ cpu: Double?, _ memory: Double?, _ connections: Double?, _ steps: [Advice.Step]
    ) {
        let load = load(cpu, memory, connections)
        #expect(advice(for: load, on: Plan.documented[0]).steps == steps)
    }

    @Test func `a day of too much is told, and nothing is advised`() {
        let load = load(0.9, 0.1, nil, span: .seconds(86_400))
        let advice = advice(for: load, on: Plan.documented[0])
        #expect(!advice.isEnough)
        #expect(advice.steps == [])
        #expect(advice.reasons == [Advice.Reason(resource: .cpu, share: 0.9, threshold: 0.7)])
    }

    @Test func `a disk and a database are judged by what they hold now`() {
        var load = load(nil, nil, nil)
        load.disk = Use(now: 0.5, p95: 0.95, max: 0.95)
        load.databaseSize = Use(now: 0.85, p95: 0.1, max: 0.85)
        #expect(advice(for: load, on: Plan.documented[0]).steps == [.databaseSize])
        load.disk?.now = 0.9
        #expect(advice(for: load, on: Plan.documented[0]).steps == [.databaseSize, .disk])
    }

    @Test func `where the stack file is silent, the documented costs are taken, and no others`() {
        let plan = Plan.documented[0]
        #expect(Bill(given: [:], plan: plan).items.allSatisfy { $0.cost == nil })
        #expect(Bill(given: [:], plan: Plan.documented[1]).sum == 96)
        let given = Bill(given: ["droplet": 50, "domain": 1.25], plan: plan)
        #expect(given.items.map(\.name) == ["droplet", "database", "domain"])
        #expect(given.sum == 51.25 && !given.isComplete)
        #expect(Bill(given: ["droplet": 50, "database": 15], plan: nil).isComplete)
        let unknown = Bill(given: [:], plan: Plan(cpus: 2, memory: .mebibytes(4096)))
        #expect(!unknown.isComplete)
        #expect(unknown.sum == 0)
        #expect(Plan.documented(cpus: 8, memory: .mebibytes(32 << 10))?.monthlyCost == 192)
        #expect(Plan.documented(cpus: 8, memory: .mebibytes(16 << 10)) == nil)
    }
}

/// The nine with their limits, nginx and the system.
private var documented: [Demand] {
    let names: [ServiceName] = [
        "redis", "news", "orchestration", "scanner", "pattern", "technical", "risk-manager",
        "trading", "reporting",
    ]
    let services = names.map { name in
        var service = ServiceSpec(name: name, command: ["run"])
        service.resources.limits =
            name == "redis" ? .of(0.25, mebibytes: 256) : .of(1, mebibytes: 1024)
        if name != "redis" { service.resources.reservations = .of(0.25, mebibytes: 256) }
        return service
    }
    return services.map { Demand($0) } + [.nginx, .system]
}

private func load(
    _ cpu: Double?, _ memory: Double?, _ connections: Double?, span: Duration = .seconds(7 * 86_400)
) -> Load {
    func use(_ share: Double?) -> Use? { share.map { Use(now: 0, p95: $0, max: $0) } }
    var load = Load(span: span)
    load.cpu = use(cpu)
    load.memory = use(memory)
    load.connections = use(connections)
    return load
}

private func point(hour: Int64, _ values: Reading) -> Measurement {
    Measurement(
        time: Timestamp(nanoseconds: hour * 3_600_000_000_000), subject: "news", resolution: .hour,
        values: values)
}
