internal import LinuxSystem
internal import StackModel
internal import Synchronization
internal import Systemd

/// Carries the lines of services with the `journald` log driver: a connection of its own, so that a
/// flood of theirs never stands before an alert of ours.
final class LogJournal: Sendable {
    private let journal = Mutex(Journal())

    /// Called on the log writer's thread.
    var sink: @Sendable (ServiceName, LogRecord.Stream, [UInt8]) -> Void {
        { [self] service, stream, line in
            journal.withLock { journal in
                journal.flush()
                _ = journal.send(
                    String(decoding: line, as: UTF8.self), from: service, stream: stream)
            }
        }
    }
}
