package import StackModel

/// What speaks against a drill besides the services themselves, as the agent knows it.
package struct DrillScene: Sendable {
    /// The freeze window that is open: the market.
    package var freeze: String?
    /// What is left of the maintenance; nil: there is none.
    package var maintenanceLeft: Duration?
    /// What is under way.
    package var operation: String?
    /// The first open alert that is about the services or the agent, or critical.
    package var alert: Int64?
    /// Somebody asks the probes.
    package var isProbing = true
    /// Somebody starts the agent again when it dies.
    package var hasManager = true

    package init() {}
}

extension Stack {
    /// Beyond what its definition says, for a busy machine.
    private static let drillSlack = Duration.seconds(5)

    /// The longest that `name`, or nil for the agent, may take from the fault until it is healthy again.
    package func drillBound(of fault: DrillFault, on name: ServiceName?, at now: Moment) -> Duration
    {
        guard let name, let member = members[name] else { return Self.drillSlack }
        let spec = member.spec
        let history = member.state.history.attempted(at: now, policy: spec.restart)
        let check = spec.healthCheck
        let hang = check.detectionBound + check.detectionBound / 20
        return (fault == .hang ? hang : .zero)
            + spec.restart.backoff.pause(before: history, chance: 0)
            + (check.probe == .none ? .zero : check.startLimit) + Self.drillSlack
    }

    /// Why the drill must not be: the cause, and the way out. Nil: nothing speaks against it.
    package func obstacle(
        to fault: DrillFault, on name: ServiceName?, in scene: DrillScene, at now: Moment
    ) -> String? {
        if isShuttingDown { return "the agent is stopping" }
        if let freeze = scene.freeze { return "\(freeze): drill when it is over" }
        if let operation = scene.operation { return "\(operation): wait until it is over" }
        return obstacle(inTime: scene, drillBound(of: fault, on: name, at: now))
            ?? obstacleInHealth(scene)
            ?? (name.map { obstacle(to: fault, in: $0, scene, now) } ?? obstacleToDeath(scene))
    }

    private func obstacle(inTime scene: DrillScene, _ bound: Duration) -> String? {
        let minutes = Int((bound.seconds / 60).rounded(.up)) + 1
        let start = "'catalystctl maintenance start --for \(minutes)m'"
        guard let left = scene.maintenanceLeft, left > .zero else {
            return "no maintenance is under way, and a drill is for one: \(start) first"
        }
        guard left < bound else { return nil }
        return "the maintenance ends in \(Int(left.seconds)) s, and this may take "
            + "\(Int(bound.seconds.rounded(.up))) s: \(start) gives it another end"
    }

    private func obstacleInHealth(_ scene: DrillScene) -> String? {
        let unwell = order.first { name in
            guard let member = members[name], member.isWanted else { return false }
            if case .down(.ended(let reason)) = member.state { return !reason.isSuccess }
            return !member.isWell
        }
        if let unwell {
            return "'\(unwell)' is not well already: mend it first, see 'catalystctl why \(unwell)'"
        }
        return scene.alert.map {
            "alert \($0) is open: mend its cause first, see 'catalystctl alerts show \($0)'"
        }
    }

    private func obstacleToDeath(_ scene: DrillScene) -> String? {
        scene.hasManager
            ? nil
            : "nobody would start the agent again: run it as the unit 'catalystd.service' of systemd"
    }

    private func obstacle(
        to fault: DrillFault, in name: ServiceName, _ scene: DrillScene, _ now: Moment
    ) -> String? {
        guard let member = members[name], member.isWell else {
            return "'\(name)' does not run: 'catalystctl start \(name)' first"
        }
        let policy = member.spec.restart
        guard policy.condition != .never else {
            return "'\(name)' would stay down, as its restart policy says: give it another one"
        }
        guard !member.state.history.attempted(at: now, policy: policy).wasGivenUp else {
            return "one more failure, and '\(name)' is given up: wait until its restart policy "
                + "has forgotten the last ones"
        }
        return fault == .hang ? obstacle(toHangOf: member, scene, now) : nil
    }

    private func obstacle(
        toHangOf member: Member, _ scene: DrillScene, _ now: Moment
    ) -> String? {
        let name = member.spec.name
        switch member.spec.healthCheck.probe {
        case .none, .notify:
            return "nobody asks '\(name)' whether it is well, so a hang would not be found: "
                + "give it a healthcheck, or drill a crash"
        case .http, .tcp, .redis, .postgres, .exec, .shell: break
        }
        guard member.spec.onUnhealthy == .restart else {
            return "'\(name)' has 'on_unhealthy: alert', so it would go on hanging: drill a crash"
        }
        guard scene.isProbing else {
            return "probes are not answered, for the collector does not run: wait until it does, "
                + "see 'catalystctl status'"
        }
        guard brake.allows(at: now, spec.brake) else {
            return "the brake would hold its restart, for there were \(spec.brake.restarts) for "
                + "bad health lately: wait a few minutes, or drill a crash"
        }
        return nil
    }
}
