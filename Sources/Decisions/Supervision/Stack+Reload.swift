internal import StackModel

extension Stack {
    /// What is new starts, what is gone stops, what changed beyond repair is restarted, and the rest goes on.
    mutating func reload(
        _ spec: StackSpec, _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        let wasWanted = members.isEmpty || members.values.contains { $0.isWanted }
        let names = Set(spec.services.map(\.name))
        for name in order where !names.contains(name) {
            members[name]?.isLeaving = true
            members[name]?.isWanted = false
        }
        restarts.remove(order.filter { !names.contains($0) })
        var restarting: [ServiceName] = []
        var added: [ServiceName] = []
        for service in spec.services {
            if members[service.name] == nil {
                members[service.name] = Member(service)
                added.append(service.name)
            } else if replace(service, &effects) {
                restarting.append(service.name)
            }
        }
        adopt(spec)
        guard wasWanted else { return }
        for name in withDependencies(added) {
            members[name]?.isWanted = true
            if added.contains(name) { step(name, .startRequested, surroundings, &effects) }
        }
        restarts.append(restartOrder(restarting).filter(restarting.contains))
    }

    /// Whether the running instance has to be replaced.
    private mutating func replace(_ spec: ServiceSpec, _ effects: inout [Effect]) -> Bool {
        guard var member = members[spec.name] else { return false }
        if member.isLeaving {
            // It comes back before it was gone.
            member.isLeaving = false
            member.isWanted = true
        }
        let old = member.nextSpec ?? member.spec
        let mustReplace = member.state.isAlive && spec.needsNewInstance(insteadOf: member.spec)
        if mustReplace {
            member.nextSpec = spec
        } else {
            member.take(spec)
        }
        members[spec.name] = member
        if old != spec { effects.append(.adjusted(spec.name)) }
        return mustReplace
    }
}
