package import StackModel

/// Restarts that were asked for, done one after another.
struct RestartQueue: Sendable {
    /// The one being restarted, and how many instances it had before.
    var current: (name: ServiceName, instances: Int)?
    var waiting: [ServiceName] = []

    mutating func append(_ names: [ServiceName]) {
        waiting += names.filter { !waiting.contains($0) }
    }

    mutating func remove(_ names: [ServiceName]) {
        waiting.removeAll { names.contains($0) }
        if let name = current?.name, names.contains(name) { current = nil }
    }
}

extension Stack {
    /// Services whose restart was asked for and is not done yet.
    package var pendingRestarts: [ServiceName] {
        (restarts.current.map { [$0.name] } ?? []) + restarts.waiting
    }

    /// Dependents before what they need, or as the stack file's rollout order says; then, in start order, those that
    /// want to be restarted after what they depend on.
    package func restartOrder(_ names: [ServiceName]) -> [ServiceName] {
        let wished = spec.rollout.order
        let named = order.reversed().filter(names.contains)
        let first = wished.filter(named.contains)
        let chosen = first + named.filter { !first.contains($0) }
        var following: [ServiceName] = []
        for name in order where !names.contains(name) {
            let needs = members[name]?.spec.dependencies.filter(\.restart).map(\.service) ?? []
            if needs.contains(where: { names.contains($0) || following.contains($0) }) { following.append(name) }
        }
        return chosen + following
    }

    /// Whether anything was done.
    mutating func advanceRestarts(
        _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) -> Bool {
        if let (name, instances) = restarts.current {
            guard let member = members[name] else {
                restarts.current = nil
                return true
            }
            switch member.state {
            case .waiting, .failed, .down:
                if !restarts.waiting.isEmpty {
                    effects.append(.restartAbandoned(at: name, restarts.waiting))
                }
                restarts = RestartQueue()
            case .up where member.isWell && member.instances > instances:
                restarts.current = nil
            case .held, .starting, .up, .stopping, .clearing:
                return false
            }
            return true
        }
        guard !restarts.waiting.isEmpty else { return false }
        let name = restarts.waiting.removeFirst()
        guard let member = members[name] else { return true }
        restarts.current = (name, member.instances)
        for needed in withDependencies([name]) { members[needed]?.isWanted = true }
        step(name, .restartRequested, surroundings, &effects)
        for needed in withDependencies([name]) where needed != name && members[needed]?.state.isDown == true {
            step(needed, .startRequested, surroundings, &effects)
        }
        return true
    }
}
