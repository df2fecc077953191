package import StackModel

extension Rollout {
    /// The stack as it is when the rollout has come to its end on that side: of each service the definition that its
    /// instance has. `running` is what those have that are well on neither side.
    package func settled(
        on side: Train.Side, old: StackSpec, new: StackSpec, running: StackSpec, root: String
    ) -> StackSpec {
        var settled = side == .new ? new : old
        let others = (side == .new ? old : new).services.filter { other in
            !settled.services.contains { $0.name == other.name }
        }
        settled.services = (settled.services + others).compactMap { spec in
            let name = spec.name
            func find(in stack: StackSpec) -> ServiceSpec? {
                stack.services.first { $0.name == name }
            }
            guard let step = steps.first(where: { $0.service == name }) else {
                guard side == .new, let before = find(in: old), let after = find(in: new) else {
                    return side == .new ? find(in: new) : find(in: old)
                }
                return after.keeping(before, root: root)
            }
            switch step.phase {
            case .done: return find(in: new)
            case .failed: return find(in: running)
            default: return find(in: old)
            }
        }
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
