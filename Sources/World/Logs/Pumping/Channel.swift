internal import StackModel

/// One open service, as reader, writer and the loop know it.
///
/// A class, because they share it; what each of them may touch stands beside it.
final class Channel: @unchecked Sendable {
    let service: ServiceName
    let policy: Guarded<LogPolicy>

    /// Bytes that wait for the writer. `BatchQueue`'s, under its lock.
    var bytesQueued = 0
    /// The reader's: there was no room for longer than the service could be made to wait.
    var isDropping = false

    init(_ service: ServiceName, policy: LogPolicy) {
        self.service = service
        self.policy = Guarded(policy)
    }
}
