internal import ControlProtocol
internal import StackModel

/// Are all of the stack's services healthy, and are they the real ones?
struct ServicesFacts {
    var status: Result<StackStatus, Failure>
    /// Services that `catalyst-standin` plays.
    var standIns: Set<ServiceName>

    init(status: Result<StackStatus, Failure>, standIns: Set<ServiceName>) {
        self.status = status
        self.standIns = standIns
    }

    init(_ site: Site) {
        let played = (site.stack?.services ?? []).filter(\.isStandIn).map(\.name)
        self.init(status: site.status, standIns: Set(played))
    }

    var aspects: [Aspect] {
        switch status {
        case .failure(let failure): [failure.aspect]
        case .success(let status): [aspect(status)]
        }
    }

    private func aspect(_ status: StackStatus) -> Aspect {
        let services = status.services
        let healthy = services.count { $0.state == .up && $0.health == .healthy }
        var words = "\(healthy) of \(services.count) healthy"
        let played = services.count { standIns.contains($0.name) }
        if played > 0 {
            words += played == 1 ? "; 1 of them is a stand-in" : "; \(played) of them are stand-ins"
        }
        guard !services.isEmpty else {
            return .unmet("there are no services", "catalystctl config check")
        }
        guard healthy < services.count else { return .met(words) }
        let unwell = services.first { $0.isTroubled } ?? services.first { $0.isUnwell }
        guard let unwell else { return .unmet(words, "catalystctl") }
        words += "; \(unwell.name): "
        guard unwell.wanted else {
            return .unmet(words + "stopped by the operator", "catalystctl start \(unwell.name)")
        }
        if let concern = unwell.concern {
            words += unwell.account(of: concern, at: status.time)
        } else {
            words += unwell.hasHealthCheck ? "is \(unwell.health)" : "has no health check"
        }
        return .unmet(words, "catalystctl why \(unwell.name)")
    }
}

extension ServiceStatus {
    fileprivate var isUnwell: Bool { state != .up || health != .healthy }
    fileprivate var isTroubled: Bool { concern?.isTrouble ?? false }
}

extension ServiceSpec {
    /// Whether the program that stands in for a trading service plays it.
    var isStandIn: Bool {
        command.first?.split(separator: "/").last == "catalyst-standin"
    }
}
