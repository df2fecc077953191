internal import ControlProtocol
internal import LinuxSystem
internal import StackModel

/// Is every service asked for its health, and did it say that it is well?
struct HealthFacts {
    /// One service's last answer.
    struct Check: Equatable {
        var name: ServiceName
        /// Nil: it says so itself, when it likes.
        var interval: Duration?
        var timeout: Duration
        var hasHealthCheck: Bool
        var lastReport: Report?
        var lastReportTime: Timestamp?
    }

    var checks: Result<[Check], Failure>
    /// `/health` through nginx.
    var door: DoorReply
    var now: Timestamp
    var note = ""

    init(checks: Result<[Check], Failure>, door: DoorReply, now: Timestamp) {
        self.checks = checks
        self.door = door
        self.now = now
    }

    init(_ site: Site) throws(ToolError) {
        let specs = site.stack?.services ?? []
        checks = asked {
            try site.status.get().services.map { service in
                var request = ControlRequest(.why)
                request.services = [service.name]
                let answer = try site.agent.answer(to: request) { $0.why }
                return Check(answer, specs.first { $0.name == service.name }?.healthCheck)
            }
        }
        now = Timestamp.now()
        door = try site.ask(DoorRequest(path: "/health"))
        note = site.untrusted
    }

    var aspects: [Aspect] {
        switch checks {
        case .failure(let failure): [failure.aspect, doorAspect]
        case .success(let checks): [aspect(of: checks), doorAspect]
        }
    }

    private func aspect(of checks: [Check]) -> Aspect {
        for check in checks {
            if let problem = problem(of: check) {
                return .unmet("\(check.name) \(problem)", "catalystctl why \(check.name)")
            }
        }
        return checks.isEmpty
            ? .unmet("there are no services", "catalystctl config check")
            : .met("all \(checks.count) have one, asked in time, last answer healthy")
    }

    private func problem(of check: Check) -> String? {
        guard check.hasHealthCheck else { return "has no health check" }
        guard let report = check.lastReport, let time = check.lastReportTime else {
            return "has not been asked yet"
        }
        if let interval = check.interval {
            let age = now - time
            // The next answer may be on its way.
            guard age <= interval + check.timeout + .seconds(5) else {
                return "was asked \(humanDuration(age)) ago, not every \(humanDuration(interval))"
            }
        }
        return report.outcome == .healthy ? nil : "answered last: \(report.words(age: nil))"
    }

    private var doorAspect: Aspect {
        guard case .answer(let answer) = door else {
            return door.aspect(of: "/health through nginx")
        }
        return switch answer.status {
        case 200: .met("/health through nginx: 200" + note)
        case 429: .tooMany
        case 502, 503, 504:
            .unmet("/health through nginx: \(answer.status)", "catalystctl why orchestration")
        default: .unmet("/health through nginx: \(answer.status)", "nginx -T, scripts/install")
        }
    }
}

extension HealthFacts.Check {
    fileprivate init(_ answer: Explanation, _ check: HealthCheck?) {
        self.init(
            name: answer.service.name, interval: check?.probe == .notify ? nil : check?.interval,
            timeout: check?.timeout ?? .zero, hasHealthCheck: answer.service.hasHealthCheck,
            lastReport: answer.lastReport, lastReportTime: answer.lastReportTime)
    }
}
