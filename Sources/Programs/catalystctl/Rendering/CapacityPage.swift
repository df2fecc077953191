internal import Capacity
internal import StackModel

/// `catalystctl capacity`: the plan, its use, the money, and the advice.
struct CapacityPage {
    let report: CapacityReport

    private var budget: Budget { report.budget }

    func lines(on terminal: Terminal) -> [String] {
        let plan = budget.plan
        let title =
            "\(report.stack): \(humanCount(plan.cpus)) vCPU, \(plan.memory) of memory"
        return [terminal.paint(displayed(title), .bold), ""]
            + planned.lines(on: terminal) + [""] + used.lines(on: terminal) + [""]
            + facts.lines(on: terminal)
    }

    private var planned: Table {
        let rows = budget.demands.map { demand in
            [demand.name, words(demand.expected), words(demand.limits), words(demand.reservations)]
        }
        let sum = [
            "together", words(budget.expected), words(budget.limits), words(budget.reservations),
        ]
        return Table(
            columns: [
                .init(title: "planned"), .init(title: "expected", alignment: .right),
                .init(title: "limit", alignment: .right),
                .init(title: "reserved", alignment: .right),
            ], rows: (rows + [sum]).map { $0.map { .init($0) } })
    }

    private var used: Table {
        let rows = budget.demands.map { demand in
            [demand.name] + cells(demand.cpu, humanCount) + cells(demand.memory, bytes)
                + [demand.memoryHeadroom.map { percentage(max(0, $0)) } ?? "–"]
        }
        let titles = ["cpu now", "p95", "max", "memory now", "p95", "max", "left"]
        return Table(
            columns: [.init(title: "used")] + titles.map { .init(title: $0, alignment: .right) },
            rows: rows.map { $0.map { .init($0) } })
    }

    private func words(_ amounts: Resources.Amounts) -> String {
        let cpus = amounts.cpus.map { humanCount($0) } ?? "–"
        return "\(cpus) / \(amounts.memory?.description ?? "–")"
    }

    private func cells(_ use: Use?, _ words: (Double) -> String) -> [String] {
        guard let use else { return ["–", "–", "–"] }
        return [use.now, use.p95, use.max].map { $0.map(words) ?? "–" }
    }

    private func bytes(_ value: Double) -> String {
        ByteCount(bytes: Int64(exactly: value.rounded()) ?? 0).description
    }
}

extension CapacityPage {
    private var facts: Facts {
        var facts = Facts()
        facts.add("expected", expectedWords)
        facts.add("limits", limitWords)
        for note in report.notes { facts.add("note", note) }
        facts.add("measured", measuredWords)
        facts.add("cpu", words(report.load.cpu, "not measured"))
        facts.add("memory", words(report.load.memory, "not measured"))
        facts.add("disk", words(report.load.disk, "not measured"))
        facts.add("database", databaseWords)
        facts.add("costs", costWords)
        for line in adviceWords { facts.add("advice", line) }
        return facts
    }

    private var expectedWords: String {
        let memory = budget.expected.memory?.description ?? "–"
        let isEnough = budget.headroom >= Budget.headroomMin
        return
            "\(humanCount(budget.expected.cpus ?? 0)) vCPU, shared, and \(memory): leaves "
            + "\(percentage(budget.headroom)) of \(budget.plan.memory), "
            + (isEnough ? "of which" : "but")
            + " \(percentage(Budget.headroomMin)) are to stay free"
    }

    private var limitWords: String {
        let memory = budget.limits.memory?.description ?? "–"
        let words =
            "\(memory) of memory, \(percentage(budget.commitment)) of \(budget.plan.memory)"
        return budget.isOvercommitted
            ? words + ": over-committed, not all can use theirs up at once" : words
    }

    private var measuredWords: String {
        let span = report.load.span
        if span <= .zero { return "nothing yet" }
        return report.advice.isEnough
            ? "the last \(humanDuration(span))"
            : "\(humanDuration(span)) of measurements: too few to tell, a week is needed"
    }

    private func words(_ use: Use?, _ unknown: String) -> String {
        guard let use else { return unknown }
        let pieces = [(use.now, "% now"), (use.p95, "p95 %"), (use.max, "max %")]
        return pieces.compactMap { value, words in
            value.map { words.replacing("%", with: percentage($0)) }
        }.joined(separator: ", ")
    }

    private var databaseWords: String {
        guard report.load.connections != nil || report.load.databaseSize != nil else {
            return "not measured"
        }
        let connections = words(report.load.connections, "not measured")
        return "of the plan's connections: \(connections); of its size: "
            + words(report.load.databaseSize, "not measured")
    }

    private var costWords: String {
        let items = report.bill.items.map { item in
            "\(item.name) \(item.cost.map(dollars) ?? "not given")"
        }
        guard report.bill.sum > 0 else {
            return items.joined(separator: ", ") + ": see x-catalyst.host.costs in the stack file"
        }
        let sum = "\(report.bill.isComplete ? "" : "at least ")\(dollars(report.bill.sum)) a month"
        return items.joined(separator: ", ") + ": " + sum
    }

    private var adviceWords: [String] {
        let advice = report.advice
        let reasons = advice.reasons.map(\.words)
        guard advice.isEnough else {
            return reasons.isEmpty ? ["none yet"] : reasons.map { "so far, \($0)" }
        }
        guard !advice.steps.isEmpty else {
            return ["none is needed: nothing is above its threshold"]
        }
        return reasons + advice.steps.map { "→ \($0.words)" }
    }
}

/// `$63`, `$7.50`.
private func dollars(_ amount: Double) -> String {
    let cents = Int64(exactly: (amount * 100).rounded()) ?? 0
    let rest = cents % 100
    return "$\(cents / 100)" + (rest == 0 ? "" : ".\(rest < 10 ? "0" : "")\(rest)")
}

extension Advice.Reason {
    /// `cpu 83% in p95, above 70%`
    var words: String {
        let isNow = resource == .disk || resource == .databaseSize
        let basis = isNow ? "" : " in p95"
        return "\(resource.rawValue) \(percentage(share))\(basis), above \(percentage(threshold))"
    }
}

extension Advice.Step {
    var words: String {
        switch self {
        case .upgrade(let plan):
            "a droplet of \(humanCount(plan.cpus)) vCPU and \(plan.memory)"
                + (plan.monthlyCost.map { ", \(dollars($0)) a month" } ?? ", price not given")
        case .largerThanDocumented:
            "a larger droplet than any documented one (price not given), or less to do"
        case .readReplica(let cost): "a read replica of the database, +\(dollars(cost)) a month"
        case .disk: "a larger disk (price not given), or less on it"
        case .databaseSize: "a larger database (price not given), or less in it"
        }
    }
}
