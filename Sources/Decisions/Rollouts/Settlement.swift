package import StackModel

extension Rollout {
    /// The stack as it is when the rollout has come to its end on that side: of each service the definition that its
    /// instance has.
    package func settled(on side: Train.Side, old: StackSpec, new: StackSpec, root: String) -> StackSpec {
        guard side == .new else { return old }
        var settled = new
        settled.services = new.services.compactMap { spec in
            let before = old.services.first { $0.name == spec.name }
            guard let step = steps.first(where: { $0.service == spec.name }) else {
                return before.map { spec.keeping($0, root: root) } ?? spec
            }
            return step.phase == .done ? spec : before
        }
        let staying = steps.filter { $0.change == .removed && $0.phase != .done }.map(\.service)
        settled.services += old.services.filter { staying.contains($0.name) }
        return settled
    }

    /// The definitions that instances have while it is under way: what an agent that follows another finds.
    package func current(old: StackSpec, new: StackSpec) -> StackSpec {
        var stack = old
        for step in steps where step.isAdmitted {
            guard let spec = new.services.first(where: { $0.name == step.service }) else {
                stack.services.removeAll { $0.name == step.service }
                continue
            }
            if let index = stack.services.firstIndex(where: { $0.name == step.service }) {
                stack.services[index] = spec
            } else {
                stack.services.append(spec)
            }
        }
        return stack
    }
}

extension RolloutStep {
    /// Users are at what is new.
    package var isAdmitted: Bool {
        switch phase {
        case .soaking, .draining, .done: true
        case .waiting, .held, .starting, .probing, .undoing, .rolledBack, .failed, .skipped: false
        }
    }
}

extension ServiceSpec {
    /// The same, for an instance that is not replaced: it stays in its release. Where more than that differs it keeps
    /// all of `old`: it was left out.
    fileprivate func keeping(_ old: ServiceSpec, root: String) -> ServiceSpec {
        guard !unpinned(root: root).needsNewInstance(insteadOf: old.unpinned(root: root)) else {
            return old
        }
        var spec = self
        spec.command = old.command
        spec.workingDirectory = old.workingDirectory
        spec.environment = old.environment
        spec.release = old.release
        return spec
    }
}

extension Rollout {
    /// How long a step of each service takes: the mean of those that went well.
    package static func durations(in rollouts: [Rollout]) -> [ServiceName: Duration] {
        var seen: [ServiceName: [Duration]] = [:]
        for step in rollouts.flatMap(\.steps) where step.phase == .done {
            guard let start = step.startedAt, let end = step.finishedAt else { continue }
            seen[step.service, default: []].append(max(.zero, end - start))
        }
        return seen.mapValues { $0.reduce(.zero, +) / $0.count }
    }
}
