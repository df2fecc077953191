import Glibc
import LinuxSystem
import StackModel
import SystemPackage
import TestSupport
import Testing

@testable import Systemd

/// journald's native protocol, against a socket of the test's own.
struct JournalTests {
    @Test func `fields are encoded as journald wants them`() {
        let plain = Journal.encode([("MESSAGE", "hello = world"), ("PRIORITY", "6")])
        #expect(plain == Array("MESSAGE=hello = world\nPRIORITY=6\n".utf8))
        let lines = Journal.encode([("MESSAGE", "one\ntwo")])
        #expect(
            lines == Array("MESSAGE\n".utf8) + [7, 0, 0, 0, 0, 0, 0, 0] + Array("one\ntwo\n".utf8))
        #expect(Journal.encode([("MESSAGE", "")]) == Array("MESSAGE=\n".utf8))
    }

    @Test func `an event arrives with its fields`() throws {
        let journald = try Listener()
        let journal = Sender(journald.path)
        #expect(journal.journal.isConnected)
        #expect(journal.send(event(kind: .exited, service: "scanner", "was killed\nby SIGKILL")))
        let fields = try #require(journald.next())
        #expect(fields["MESSAGE"] == "scanner: was killed\nby SIGKILL")
        #expect(fields["PRIORITY"] == "4")
        #expect(fields["SYSLOG_IDENTIFIER"] == "catalystd")
        #expect(fields["MESSAGE_ID"] == EventRecord.Kind.exited.messageID)
        #expect(fields["CATALYST_SERVICE"] == "scanner")
        #expect(fields["CATALYST_EVENT"] == "exited")
        #expect(fields["CATALYST_EVENT_ID"] == "7")
        #expect(journal.send(event(kind: .agentStarted, service: nil, "hello")))
        let ours = try #require(journald.next())
        #expect(ours["MESSAGE"] == "hello")
        #expect(ours["CATALYST_SERVICE"] == nil)
    }

    @Test func `a service's line arrives as the service's`() throws {
        let journald = try Listener()
        let journal = Sender(journald.path)
        #expect(journal.send("oops", .stderr))
        let fields = try #require(journald.next())
        #expect(fields["MESSAGE"] == "oops" && fields["PRIORITY"] == "3")
        #expect(fields["SYSLOG_IDENTIFIER"] == "news" && fields["CATALYST_STREAM"] == "stderr")
    }

    @Test func `a long line is cut, not lost`() throws {
        let journald = try Listener()
        let journal = Sender(journald.path)
        #expect(journal.send(String(repeating: "x", count: 10 << 20)))
        let fields = try #require(journald.next())
        #expect(
            fields["MESSAGE"].map { (60_000...Journal.datagramBytesMax).contains($0.utf8.count) }
                == true)
        #expect(fields["SYSLOG_IDENTIFIER"] == "news")
        #expect(journal.journal.dropped == 0)
    }

    @Test func `a stalled journald holds nobody up, and what is too much is counted`() throws {
        let journald = try Listener()
        let journal = Sender(journald.path)
        let begin = ContinuousClock.now
        let count = Journal.waitingMax + 600
        for number in 0..<count { #expect(journal.send("line \(number)")) }
        #expect(ContinuousClock.now - begin < .seconds(5))
        #expect(journal.journal.hasWaiting)
        #expect(journal.journal.dropped > 0)

        var lines: [String] = []
        while lines.count < count - journal.journal.dropped, let fields = journald.next() {
            lines.append(fields["MESSAGE"] ?? "")
            journal.journal.flush()
        }
        #expect(
            lines == (0..<count - journal.journal.dropped).map { "line \($0)" },
            "in order, the oldest kept")
        #expect(!journal.journal.hasWaiting)
    }

    /// Within a minute.
    private func isOver(_ condition: () -> Bool) -> Bool {
        let limit = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < limit {
            if condition() { return true }
            sched_yield()
        }
        return false
    }

    /// For a moment a socket may still be held by a child of another test, on its way to exec, and fill up:
    /// what is sent then waits until it is flushed.
    private func isUnheard(_ journal: Sender) -> Bool {
        journal.journal.flush()
        return !journal.send("nobody hears this")
    }

    @Test func `a journald that comes back is found, and nothing that waited is lost`() throws {
        let path = Listener.freshPath()
        let journal = Sender(path)
        #expect(!journal.journal.isConnected)
        #expect(!journal.send("nobody hears this"))
        var journald: Listener? = try Listener(at: path)
        #expect(isOver { journal.send("first") })
        #expect(journald?.next()?["MESSAGE"] == "first")
        journald = nil
        #expect(isOver { isUnheard(journal) })
        journald = try Listener(at: path)
        #expect(isOver { journal.send("second") })
        #expect(journald?.next()?["MESSAGE"] == "second")
        journald = nil
        #expect(isOver { isUnheard(journal) })
        #expect(!journal.journal.isConnected)
    }

    @Test func `where no journald is, it is looked for now and then, not each time`() throws {
        let path = Listener.freshPath()
        let begin = ContinuousClock.now
        let journal = Sender(path)
        let journald = try Listener(at: path)
        let isHeard = (0..<100).contains { _ in journal.send("hello") }
        // A machine so busy that the time to look again came meanwhile shows nothing.
        let isEarly = ContinuousClock.now - begin < Journal.lookAgainAfter
        #expect(!isEarly || !isHeard && journald.next() == nil)
    }

    @Test func `every kind of event, and every rule, has an id of its own, for ever`() {
        let names =
            EventRecord.Kind.allCases.map { ($0.rawValue, $0.messageID) }
            + AlertRule.allCases.map { ("alert " + $0.rawValue, $0.messageID) }
        let ids = names.map(\.1)
        #expect(Set(ids).count == ids.count)
        #expect(
            ids.allSatisfy { $0.count == 32 && $0.allSatisfy { $0.isHexDigit && !$0.isUppercase } })
        let table = names.map { "\($0) \($1)" }.sorted().joined(separator: "\n")
        expectText(table, inFile: "Snapshots/message-ids.txt")
    }

    private func event(kind: EventRecord.Kind, service: ServiceName?, _ message: String)
        -> EventRecord
    {
        EventRecord(
            id: 7, time: Timestamp(nanoseconds: 0), service: service, kind: kind,
            priority: .warning, message: message)
    }
}
