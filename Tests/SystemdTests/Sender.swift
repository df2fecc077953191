import Glibc
import StackModel
import Testing

@testable import Systemd

/// A journal that expectations can call.
final class Sender {
    var journal: Journal

    init(_ path: String) { journal = Journal(socketPath: path) }

    func send(_ line: String, _ stream: LogRecord.Stream = .stdout) -> Bool {
        journal.send(line, from: "news", stream: stream)
    }

    func send(_ event: EventRecord) -> Bool { journal.send(event) }
    func send(_ event: AlertEvent) -> Bool { journal.send(event) }

    /// The kernel's queue holds ten datagrams, as a rule: journald has to take some first.
    func flushAll() {
        let limit = ContinuousClock.now + .seconds(60)
        while journal.hasWaiting, ContinuousClock.now < limit {
            journal.flush()
            sched_yield()
        }
        #expect(!journal.hasWaiting)
    }
}
