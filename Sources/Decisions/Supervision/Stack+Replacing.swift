internal import StackModel

/// What rollouts, and an agent that follows another, ask of the stack.
extension Stack {
    /// A new service joins; one that the operator has stopped only takes the definition.
    mutating func replace(
        _ service: ServiceSpec, _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        let name = service.name
        guard var member = members[name], !member.isLeaving else {
            var spec = spec
            spec.services.removeAll { $0.name == name }
            spec.services.append(service)
            members[name] = members[name] ?? Member(service)
            members[name]?.isLeaving = false
            members[name]?.isWanted = true
            define(service)
            adopt(spec)
            return step(name, .restartRequested, surroundings, &effects)
        }
        guard member.isWanted else { return define(service) }
        if case .held = member.state {
            member.take(service)
        } else if member.state.isAlive {
            member.nextSpec = service
            member.spec.dependencies = service.dependencies
        } else {
            member.take(service)
        }
        members[name] = member
        step(name, .restartRequested, surroundings, &effects)
    }

    private mutating func define(_ service: ServiceSpec) {
        guard var member = members[service.name] else { return }
        if member.state.isAlive { member.nextSpec = service } else { member.take(service) }
        members[service.name] = member
    }

    mutating func takeOver(
        _ service: ServiceSpec, _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        guard var member = members[service.name] else { return }
        member.take(service)
        member.instances += 1
        members[service.name] = member
        step(service.name, .tookOver, surroundings, &effects)
        members[service.name]?.isHealthy = true
    }

    /// Whoever is stopped by the operator, and still runs, is stopped once it was found.
    mutating func find(
        _ name: ServiceName, _ number: Int, _ past: Past?,
        _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        guard let member = members[name] else { return }
        members[name]?.instances = max(number, past?.instances ?? 0)
        let wasReady = past?.phase == .running(isReady: true)
        let saysWhenReady = member.spec.healthCheck.probe != .none && !wasReady
        step(name, .found(saysWhenReady: saysWhenReady), surroundings, &effects)
        if wasReady { members[name]?.isHealthy = past?.isHealthy }
    }

    mutating func leave(_ name: ServiceName) {
        members[name]?.isLeaving = true
        members[name]?.isWanted = false
        restarts.remove([name])
    }
}
