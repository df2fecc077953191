import Foundation
import StackModel
import Testing

@testable import Systemd

/// Alerts as fields, against a socket of the test's own.
struct AlertRecordTests {
    @Test func `an alert arrives with its fields`() throws {
        let fields = try fields(of: .fired, about: "scanner")
        #expect(fields["MESSAGE"] == "scanner: is down")
        #expect(fields["PRIORITY"] == "4")
        #expect(fields["SYSLOG_IDENTIFIER"] == "catalystd")
        #expect(fields["MESSAGE_ID"] == AlertRule.serviceDown.messageID)
        #expect(fields["CATALYST_ALERT"] == "12")
        #expect(fields["CATALYST_ALERT_EVENT"] == "a-uuid")
        #expect(fields["CATALYST_SERVICE"] == "scanner")
        #expect(fields["CATALYST_STATE"] == "pending")
        #expect(fields["CATALYST_BLOCKED"] == "")
        #expect(fields["CATALYST_NEXT"] == "catalystctl alerts show 12")
        #expect(fields["CATALYST_EVENT"] == nil, "it is no event")
    }

    @Test func `a thing is named in words, and is no service`() throws {
        let fields = try fields(of: .fired, about: "@postgres")
        #expect(fields["MESSAGE"] == "the database: is down")
        #expect(fields["CATALYST_SUBJECT"] == "@postgres")
        #expect(fields["CATALYST_SERVICE"] == nil)
    }

    @Test func `good news is no warning`() throws {
        for kind in AlertEvent.Kind.allCases {
            let isBad = [.fired, .escalated, .reminded].contains(kind)
            #expect(try fields(of: kind, about: "a")["PRIORITY"] == (isBad ? "4" : "5"), "\(kind)")
        }
    }

    @Test func `evidence is one line of JSON, whole, and no longer than is allowed`() throws {
        let small = evidence(lines: 20)
        let all = small.json(bytesMax: 16 << 10)
        #expect(!all.contains("\n"))
        #expect(try decoded(all) == small)

        var large = evidence(lines: 400)
        large.measures[.cpu] = .infinity
        for limit in [16 << 10, 8 << 10, 1 << 10, 10] {
            let text = large.json(bytesMax: limit)
            #expect(text.utf8.count <= limit)
            guard limit > 10 else { continue }
            let rest = try decoded(text)
            #expect(rest.measures == [.memory: 1e6])
            #expect(rest.lines == Array(large.lines.suffix(rest.lines.count)), "the newest stay")
            #expect(rest.suggestions == large.suggestions)
        }
        large.lines = [line(String(repeating: "é", count: 100_000))]
        #expect(try decoded(large.json(bytesMax: 16 << 10)).lines.first?.text.count == 1000)
        // Six bytes each.
        large.lastReport?.body = String(repeating: "\u{1}", count: 4096)
        #expect(try decoded(large.json(bytesMax: 16 << 10)).lastReport == nil)
    }

    private func decoded(_ text: String) throws -> Evidence {
        // JSON of an empty object has none of the arrays.
        try JSONDecoder().decode(Evidence.self, from: Data(text.utf8))
    }

    private func fields(of kind: AlertEvent.Kind, about subject: Subject) throws -> [String: String]
    {
        let journald = try Listener()
        let sender = Sender(journald.path)
        let time = Timestamp(nanoseconds: 0)
        let alert = Alert(
            id: 12, rule: .serviceDown, subject: subject, severity: .warning, since: time,
            summary: "is down")
        let event = AlertEvent(
            id: "a-uuid", kind: kind, time: time, message: "is down", alert: alert)
        #expect(sender.send(event))
        return try #require(journald.next())
    }
}

/// Some of everything.
func evidence(lines: Int) -> Evidence {
    var evidence = Evidence()
    evidence.exit = .signaled(SignalName(number: 9), coreDumped: false)
    evidence.lastReport = Report(
        .failed(.httpStatus(503)), latency: .milliseconds(12), body: "{\"status\": \"down\"}")
    evidence.lines = (0..<lines).map { line("line \($0)/\u{1b}[31mred") }
    evidence.measures = [.memory: 1e6]
    evidence.changes = [
        EventRecord(
            id: 3, time: Timestamp(nanoseconds: 0), service: nil, kind: .asked, priority: .notice,
            message: "reload, by root")
    ]
    evidence.suggestions = ["catalystctl why scanner", "catalystctl logs scanner"]
    return evidence
}

private func line(_ text: String) -> LogRecord {
    LogRecord(service: "scanner", time: Timestamp(nanoseconds: 0), stream: .stderr, text: text)
}
