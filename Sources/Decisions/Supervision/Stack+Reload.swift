internal import StackModel

extension Stack {
    /// What is new starts, what is gone stops, what changed beyond repair is restarted, and the
    /// rest goes on.
    mutating func reload(
        _ spec: StackSpec, _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        let wasWanted = members.isEmpty || members.values.contains { $0.isWanted }
        let names = Set(spec.services.map(\.name))
        let gone = order.filter { !names.contains($0) }
        for name in gone { leave(name) }
        var added: [ServiceName] = []
        for service in spec.services {
            if members[service.name].map(\.isLeaving) ?? true { added.append(service.name) }
            take(service, surroundings, &effects)
        }
        adopt(spec)
        if wasWanted { want(added, surroundings, &effects) }
        restarts.append(restartOrder(order.filter(mustBeReplaced)).filter(mustBeReplaced))
    }

    private mutating func take(
        _ spec: ServiceSpec, _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        guard var member = members[spec.name] else {
            members[spec.name] = Member(spec)
            return
        }
        let old = member.nextSpec ?? member.spec
        member.isLeaving = false
        if member.state.isAlive, spec.needsNewInstance(insteadOf: member.spec) {
            member.nextSpec = spec
            // What it needs is as the file says now: with some as it was, the dependencies could
            // form a ring.
            member.spec.dependencies = spec.dependencies
        } else {
            member.take(spec)
        }
        members[spec.name] = member
        if old != spec { effects.append(.adjusted(spec.name)) }
        if member.isGivenTime, old != spec {
            // The cause of its trouble may be mended.
            step(spec.name, .startRequested, surroundings, &effects)
        }
        if member.isUnready, member.spec.healthCheck.probe == .none {
            // Nobody asks it any more.
            step(spec.name, .becameReady, surroundings, &effects)
        }
    }

    /// The running instance has an outdated definition.
    private func mustBeReplaced(_ name: ServiceName) -> Bool {
        members[name].map { $0.isWanted && $0.state.isRunning && $0.nextSpec != nil } ?? false
    }
}

extension Stack.Member {
    /// It pauses before it is tried again.
    fileprivate var isGivenTime: Bool {
        switch state {
        case .waiting, .failed: isWanted
        case .down, .held, .starting, .up, .stopping, .clearing: false
        }
    }

    fileprivate var isUnready: Bool {
        if case .starting = state { true } else { false }
    }
}
