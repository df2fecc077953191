import ControlProtocol
import StackModel

extension RunningAgent {
    /// The newest first.
    func releases() throws -> [ReleaseReply] {
        try ask(ControlRequest(.releases)).compactMap(\.release)
    }

    /// Looks on from whatever it is now until it is as wished.
    @discardableResult
    func follow(_ id: Int64, until condition: (Rollout) -> Bool) throws -> Rollout {
        var request = ControlRequest(.rollouts, follow: true)
        request.rollout = id
        return try begin(request, until: condition)
    }
}
