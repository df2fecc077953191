internal import StackModel

/// What a deploy or rollback changes, and in which order.
extension PlanRequest {
    /// New services first, since others may need them; those that are gone last, when nothing needs them any more.
    var changes: [RolloutStep] {
        let chosen = chosen
        let isChosen = { (name: ServiceName) in chosen?.contains(name) ?? true }
        let steps = new.services.filter { isChosen($0.name) }.compactMap(change(to:))
        let gone = old.services.filter { new($0.name) == nil && isChosen($0.name) }
        return arranged(steps) + dependentsFirst(gone).map { RolloutStep($0, .removed, .stopFirst) }
    }

    /// Nil: it keeps its instance.
    private func change(to spec: ServiceSpec) -> RolloutStep? {
        let name = spec.name
        guard let before = old(name) else { return RolloutStep(name, .added, .stopFirst) }
        // What the operator stopped takes its new definition when it is started.
        guard wanted.contains(name) else { return nil }
        let (future, past) = (spec.unpinned(root: root), before.unpinned(root: root))
        if future.needsNewInstance(insteadOf: past) {
            var step = RolloutStep(name, .definition, .stopFirst)
            step.keys = future.keys(differingFrom: past)
            return step
        }
        if let digest = newDigests[name], digest == oldDigests[name] {
            return all ? RolloutStep(name, .asked, .stopFirst) : nil
        }
        return RolloutStep(name, .source, .stopFirst)
    }

    /// What was asked for and the new services that it needs; nil: everything.
    private var chosen: Set<ServiceName>? {
        guard !asked.isEmpty else { return nil }
        var chosen = Set(asked)
        var unseen = asked
        while let name = unseen.popLast() {
            for dependency in new(name)?.dependencies ?? []
            where old(dependency.service) == nil && chosen.insert(dependency.service).inserted {
                unseen.append(dependency.service)
            }
        }
        return chosen
    }

    private func arranged(_ steps: [RolloutStep]) -> [RolloutStep] {
        let known = new.services.map(\.name)
        let starts = startOrder + known.filter { !startOrder.contains($0) }
        let listed = new.rollout.order
        let order = listed + starts.reversed().filter { !listed.contains($0) }
        let added = starts.compactMap { name in
            steps.first { $0.service == name && $0.change == .added }
        }
        let others = order.compactMap { name in
            steps.first { $0.service == name && $0.change != .added }
        }
        return added + others
    }

    private func dependentsFirst(_ services: [ServiceSpec]) -> [ServiceName] {
        var waiting = services
        var order: [ServiceName] = []
        while !waiting.isEmpty {
            let next = waiting.lastIndex { service in
                !waiting.contains { other in
                    other.name != service.name
                        && other.dependencies.contains { $0.service == service.name }
                }
            }
            order.append(waiting.remove(at: next ?? waiting.count - 1).name)
        }
        return order
    }
}
