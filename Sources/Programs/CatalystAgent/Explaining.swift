internal import ControlProtocol
internal import Monitoring
internal import StackModel
internal import Supervision

extension Agent {
    /// Why a service is as it is, without its log lines.
    func explanation(of name: ServiceName) -> Explanation? {
        guard let status = serviceStatus(name) else { return nil }
        var explanation = Explanation(service: status, summary: summary(status))
        explanation.chain = chain(from: name)
        explanation.lastReport = runners[name]?.instance?.lastReport
        explanation.lastReportTime = runners[name]?.instance?.lastReportTime
        explanation.events = chronicle.lately(of: name, count: 12)
        explanation.suggestions = suggestions(status)
        let subjects = [.service(name)] + causes(of: name)
        explanation.alert = alarms.book?.open.first {
            $0.state == .firing && subjects.contains($0.subject)
        }
        explanation.alert?.evidence = Evidence()
        return explanation
    }

    private func summary(_ status: ServiceStatus) -> String {
        if let problem = status.problem {
            return "\(status.name) is \(condition(status)): \(problem)"
        }
        switch status.state {
        case .up where status.isWell:
            let exit = status.lastExit.map { "; its last instance \($0)" } ?? ""
            let health = status.hasHealthCheck ? status.health.rawValue : "has no health check"
            return "\(status.name) is up and \(health)\(exit)"
        case .down where !status.wanted:
            return "\(status.name) is down because the operator stopped it"
        case .down, .held, .starting, .up, .stopping, .waiting, .failed, .completed:
            return "\(status.name) is \(status.state.rawValue)"
        }
    }

    private func condition(_ status: ServiceStatus) -> String {
        switch status.state {
        case .up:
            status.health == .unknown
                ? "up, its health unknown" : "up, but \(status.health.rawValue)"
        case .failed: "given up"
        case .waiting: "waiting to be restarted"
        case .held: "held back"
        case .down, .starting, .stopping, .completed: status.state.rawValue
        }
    }

    /// From the service to the root of its trouble, one step each.
    private func chain(from name: ServiceName) -> [String] {
        var steps: [String] = []
        var seen: Set<ServiceName> = []
        var current: ServiceName? = name
        while let name = current, seen.insert(name).inserted, let status = serviceStatus(name) {
            steps.append(summary(status))
            if let thing = status.blockedBy.first, thing.service == nil {
                steps.append("\(thing.words) is in trouble: \(trouble(of: thing))")
            }
            current = status.blockedBy.first?.service
        }
        return steps
    }

    private func trouble(of thing: Subject) -> String {
        board[thing]?.tally.lastFailure.map { "\($0)" } ?? "see 'catalystctl alerts'"
    }

    func suggestions(_ status: ServiceStatus) -> [String] {
        if let cause = status.blockedBy.first {
            return [cause.service.map { "catalystctl why \($0)" } ?? "catalystctl alerts"]
        }
        switch status.state {
        case .down, .failed:
            return [
                "catalystctl logs --tail 50 \(status.name)", "catalystctl start \(status.name)",
            ]
        case .waiting, .starting, .held, .stopping, .up:
            return status.isWell
                ? []
                : [
                    "catalystctl logs --tail 50 \(status.name)",
                    "catalystctl restart \(status.name)",
                ]
        case .completed: return []
        }
    }
}
