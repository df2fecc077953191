internal import StackModel

/// `catalystctl drill`: the faults that are offered.
struct DrillFaultsPage {
    let program: String

    func lines(on terminal: Terminal) -> [String] {
        let faults = DrillFault.allCases.flatMap { fault in
            var facts = Facts()
            facts.add("fault", fault.rawValue)
            facts.add("does", fault.deed)
            facts.add("must follow", fault.expectation)
            facts.add("at most", fault.boundWords)
            return facts.lines(on: terminal) + [""]
        }
        let start =
            "start: start_period + interval x retries + timeout of its healthcheck; "
            + "5 s are allowed on top"
        return faults
            + start.wrapped(to: terminal.width)
            + ["", terminal.next("drill crash <service> --plan", program: program)]
    }
}

/// What a drill is to do, and what came of it.
struct DrillPage {
    let report: DrillReport
    let now: Timestamp

    func plan(on terminal: Terminal) -> [String] {
        var facts = Facts()
        let whom = report.service.map { "\($0): " } ?? ""
        facts.add(report.fault.rawValue, whom + report.fault.deed)
        facts.add("must follow", report.fault.expectation)
        facts.add("at most", Self.seconds(report.bound.seconds))
        return facts.lines(on: terminal)
    }

    func lines(on terminal: Terminal) -> [String] {
        var facts = Facts()
        facts.add("drill", "\(report.title), by \(report.askedBy)")
        facts.add("injected", report.injected.local(now: now))
        if report.service == nil { addDeath(to: &facts) } else { addFault(to: &facts) }
        let color = report.hasPassed ? Terminal.Color.green : .red
        return [""] + facts.lines(on: terminal) + [""]
            + displayed(report.verdict).wrapped(to: terminal.width).map {
                terminal.paint($0, color)
            }
    }

    private func addDeath(to facts: inout Facts) {
        facts.add(
            "next agent",
            after(report.noticedAfter) + ", of at most \(Self.seconds(report.bound.seconds))")
        facts.add("services", affected ?? "all run on as the same processes")
    }

    private func addFault(to facts: inout Facts) {
        facts.add("noticed", after(report.noticedAfter))
        facts.add("alert", alert)
        facts.add(
            "healthy again",
            after(report.healthyAfter) + ", of at most \(Self.seconds(report.bound.seconds))")
        facts.add("probes failed", "\(report.probesFailed)")
        facts.add("requests", "not counted: nginx' log and the clients know")
        facts.add("affected", affected ?? "no service that needs it")
    }

    private var affected: String? {
        guard !report.affected.isEmpty else { return nil }
        let names = report.affected.map(\.text).joined(separator: ", ")
        return report.service == nil ? "did not run on: \(names)" : names
    }

    private var alert: String {
        guard let id = report.alert else { return "none was seen until then" }
        let time = report.alertAfter.map { " after \(Self.seconds($0))" } ?? ""
        return "\(id)\(time): kept, not told, for this is a maintenance"
    }

    private func after(_ time: Double?) -> String {
        time.map { "after \(Self.seconds($0))" } ?? "not"
    }

    private static func seconds(_ time: Double) -> String {
        humanLatency(.milliseconds(Int64(exactly: (time * 1000).rounded()) ?? .max))
    }
}
