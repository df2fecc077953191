package import StackModel

/// What others ask of a state.
extension Lifecycle.State {
    package var isDown: Bool {
        if case .down = self { true } else { false }
    }
    /// It has a process that is not on its way out.
    package var isRunning: Bool {
        switch self {
        case .starting, .up: true
        case .down, .held, .stopping, .clearing, .waiting, .failed: false
        }
    }
    /// It has processes.
    package var isAlive: Bool {
        switch self {
        case .starting, .up, .stopping, .clearing: true
        case .down, .held, .waiting, .failed: false
        }
    }
    package var isStoppingForGood: Bool {
        switch self {
        case .stopping(.rest, _), .clearing(_, .rest, _): true
        case .down, .held, .starting, .up, .waiting, .failed, .stopping, .clearing: false
        }
    }
    /// The operator's word for it.
    package var stage: ServiceStage {
        switch self {
        case .down(.ended(let reason)): reason.isSuccess ? .completed : .down
        case .down(.stopped): .down
        case .held: .held
        case .starting: .starting
        case .up: .up
        case .stopping, .clearing: .stopping
        case .waiting: .waiting
        case .failed: .failed
        }
    }
    package var crashesInARow: Int { history.crashes }

    var history: History {
        switch self {
        case .down: History()
        case .held(let history), .starting(let history), .up(let history),
            .stopping(_, let history), .clearing(_, _, let history), .waiting(let history),
            .failed(let history):
            history
        }
    }
}
