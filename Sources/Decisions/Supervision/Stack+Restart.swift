package import StackModel

/// Restarts that were asked for, done one after another.
struct RestartQueue: Sendable {
    /// The one being restarted.
    var current: ServiceName?
    var waiting: [ServiceName] = []

    mutating func append(_ names: [ServiceName]) {
        waiting += names.filter { !waiting.contains($0) }
    }

    mutating func remove(_ names: [ServiceName]) {
        waiting.removeAll { names.contains($0) }
        if let name = current, names.contains(name) { current = nil }
    }
}

extension Stack {
    private enum RestartProgress { case pending, done, broken }

    /// Services whose restart was asked for and is not done yet.
    package var pendingRestarts: [ServiceName] {
        (restarts.current.map { [$0] } ?? []) + restarts.waiting
    }

    /// Dependents before what they need, or as the stack file's rollout order says; then, in start
    /// order, those that want to be restarted after what they depend on.
    package func restartOrder(_ names: [ServiceName]) -> [ServiceName] {
        let wished = spec.rollout.order
        let named = order.reversed().filter(names.contains)
        let first = wished.filter(named.contains)
        let chosen = first + named.filter { !first.contains($0) }
        var following: [ServiceName] = []
        for name in order where !names.contains(name) {
            let needs = members[name]?.spec.dependencies.filter(\.restart).map(\.service) ?? []
            if needs.contains(where: { names.contains($0) || following.contains($0) }) {
                following.append(name)
            }
        }
        return chosen + following
    }

    /// Those of `names` that run are restarted in turn; the others just start.
    mutating func restart(
        _ names: [ServiceName], _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        want(names, surroundings, &effects)
        restarts.append(
            restartOrder(names).filter { name in
                members[name].map { $0.isWanted && $0.state.isRunning } ?? false
            })
    }

    /// Whether anything was done.
    mutating func advanceRestarts(
        _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) -> Bool {
        guard let name = restarts.current else {
            guard !restarts.waiting.isEmpty else { return false }
            let name = restarts.waiting.removeFirst()
            restarts.current = name
            step(name, .restartRequested, surroundings, &effects)
            return true
        }
        switch progress(of: name) {
        case .pending: return false
        case .done: restarts.current = nil
        case .broken:
            if !restarts.waiting.isEmpty {
                effects.append(.restartAbandoned(at: name, restarts.waiting))
            }
            restarts = RestartQueue()
        }
        return true
    }

    /// How far the restart of `name` is. Its old instance was asked to end, so one that runs is
    /// new.
    private func progress(of name: ServiceName) -> RestartProgress {
        guard let member = members[name] else { return .done }
        switch member.state {
        case .starting, .up:
            return member.isWell ? .done : member.isHealthy == false ? .broken : .pending
        case .down(.ended(let reason)): return reason.isSuccess ? .done : .broken
        case .clearing(let reason, .policy, _): return reason.isSuccess ? .pending : .broken
        case .down, .waiting, .failed, .stopping(.policy, _): return .broken
        case .held: return waitsInVain(name) ? .broken : .pending
        case .stopping, .clearing: return .pending
        }
    }

    /// Whether something that it waits for will not come by itself, or not soon.
    private func waitsInVain(_ name: ServiceName) -> Bool {
        var seen: Set<ServiceName> = [name]
        var open = missing(for: name)
        while let next = open.popLast() {
            guard seen.insert(next).inserted else { continue }
            switch members[next]?.state {
            case nil, .down, .failed: return true
            case .held: open += missing(for: next)
            case .starting, .up: open += culprits(behind: next).compactMap(\.service)
            case .stopping, .clearing, .waiting: continue
            }
        }
        return false
    }
}
