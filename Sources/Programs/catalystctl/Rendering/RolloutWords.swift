internal import StackModel

extension Rollout {
    /// `deploy of 20261122T210500Z-3f2a91c`
    var title: String {
        switch kind {
        case .deploy: release.map { "deploy of \($0)" } ?? "deploy"
        case .rollback: release.map { "rollback to \($0)" } ?? "rollback"
        case .restart:
            switch steps.count {
            case 0: "restart"
            case 1: "restart of \(steps[0].service)"
            default: "restart of \(steps.count) services"
            }
        }
    }

    /// `scanner soaking, 3 of 8 done`
    var standing: String {
        var words: [String] = []
        switch state {
        case .preparing: words.append(state.words)
        case .running, .paused, .undoing:
            if state != .running { words.append(state.words) }
            if let step = active { words.append("\(step.service) \(step.phase.words)") }
        case .succeeded, .failed, .cancelled: words.append(state.words)
        }
        if let done { words.append(done) }
        return words.joined(separator: ", ")
    }

    /// `3 of 8 done`; with the state where that is not what one expects.
    var count: String {
        guard let done else { return state.words }
        return state == .running ? done : "\(state.words), \(done)"
    }

    private var done: String? {
        steps.isEmpty ? nil : "\(steps.count { $0.phase == .done }) of \(steps.count) done"
    }

    /// The step that is under way.
    var active: RolloutStep? { steps.first { !$0.phase.isOver && $0.phase != .waiting } }

    /// How long it took; nil: it is not over.
    var time: String? { finishedAt.map { humanSpan($0 - startedAt) } }
}

extension Rollout.State {
    var words: String {
        switch self {
        case .preparing: "preparing"
        case .running: "under way"
        case .paused: "paused"
        case .undoing: "going back"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }

    var color: Terminal.Color? {
        switch self {
        case .preparing, .running: .cyan
        case .paused, .undoing, .cancelled: .yellow
        case .succeeded: .green
        case .failed: .red
        }
    }

    var priority: EventRecord.Priority {
        switch self {
        case .preparing, .running, .succeeded: .notice
        case .paused, .undoing, .cancelled: .warning
        case .failed: .error
        }
    }
}

extension RolloutStep.Phase {
    var words: String {
        switch self {
        case .waiting, .held, .starting, .probing, .soaking, .draining, .done, .failed: rawValue
        case .undoing: "going back"
        case .rolledBack: "rolled back"
        case .skipped: "not reached"
        }
    }

    var color: Terminal.Color? {
        switch self {
        case .waiting, .skipped: .dim
        case .held, .undoing, .rolledBack: .yellow
        case .starting, .probing, .soaking, .draining: .cyan
        case .done: .green
        case .failed: .red
        }
    }

    var priority: EventRecord.Priority {
        switch self {
        case .waiting, .starting, .probing, .soaking, .draining, .done, .skipped: .notice
        case .held, .undoing, .rolledBack: .warning
        case .failed: .error
        }
    }
}

extension RolloutStep {
    /// `definition: command, environment.PORT`
    var changeWords: String {
        let words =
            switch change {
            case .asked: "asked for"
            case .source: "source"
            case .definition: "definition"
            case .added: "new"
            case .removed: "removed"
            }
        return keys.isEmpty ? words : "\(words): \(keys.joined(separator: ", "))"
    }

    /// `hand-over, no canary: it listens on an IPv6 address`
    var wayWords: String {
        let name = way.rawValue
        return wayReason.map { way == .canary ? "\(name): \($0)" : "\(name), no canary: \($0)" }
            ?? name
    }

    /// How long it took, or takes so far; nil: its turn has not come.
    func time(now: Timestamp) -> Duration? { startedAt.map { (finishedAt ?? now) - $0 } }
}
