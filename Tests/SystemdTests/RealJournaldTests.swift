import Foundation
import StackModel
import Testing

@testable import Systemd

/// Against systemd's own daemon, with our catalogue compiled by systemd's own tools.
@Suite(
    .enabled(
        if: RealJournald.isPossible, "needs root, a mount namespace and systemd-journald"),
    .timeLimit(.minutes(20)))
struct RealJournaldTests {
    @Test func `each alert is in the journal with its fields, and is explained`() throws {
        let journald = try RealJournald()
        let sender = Sender(journald.socketPath)
        let alerts = AlertRule.allCases.enumerated().map { alert($1, Int64($0 + 1)) }
        for alert in alerts { #expect(sender.send(alert)) }
        sender.flushAll()
        #expect(sender.journal.dropped == 0)

        let text = journald.journalctl("-t", "catalystd", "-p", "warning", "-o", "json", "--all")
        let entries = try text.split(separator: "\n").map { line in
            try #require(
                JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            ).compactMapValues { $0 as? String }
        }
        #expect(entries.count == alerts.count)
        for (entry, event) in zip(entries, alerts) {
            let alert = event.alert
            #expect(entry["MESSAGE"] == "\(alert.subject.words): \(event.message)")
            #expect(entry["PRIORITY"] == "2")
            #expect(entry["MESSAGE_ID"] == alert.rule.messageID)
            #expect(entry["CATALYST_ALERT"] == "\(alert.id)")
            #expect(entry["CATALYST_ALERT_EVENT"] == event.id)
            #expect(entry["CATALYST_ALERT_KIND"] == "fired")
            #expect(entry["CATALYST_RULE"] == alert.rule.rawValue)
            #expect(entry["CATALYST_SUBJECT"] == alert.subject.description)
            #expect(entry["CATALYST_SERVICE"] == alert.subject.service?.text)
            #expect(entry["CATALYST_SEVERITY"] == "critical")
            #expect(entry["CATALYST_STATE"] == "firing")
            #expect(entry["CATALYST_SINCE"] == "2026-11-22T14:03:09.120Z")
            #expect(entry["CATALYST_BLOCKED"] == "news scanner")
            #expect(entry["CATALYST_NEXT"] == "catalystctl why scanner")
            let evidence = Data((entry["CATALYST_EVIDENCE"] ?? "").utf8)
            #expect(try JSONDecoder().decode(Evidence.self, from: evidence) == alert.evidence)
        }

        let explained = journald.journalctl("-t", "catalystd", "-x")
        for event in alerts {
            let words = "catalystctl alerts show \(event.alert.id)\n"
            #expect(explained.contains("Support: \(words)"), "\(event.alert.rule)")
        }
        #expect(explained.contains("Subject: scanner is given up\n"))
        #expect(!explained.contains("CATALYST_"), "a field that the entry does not have")
    }

    @Test func `each event is in the journal with its fields, and is explained`() throws {
        let journald = try RealJournald()
        let sender = Sender(journald.socketPath)
        for (index, kind) in EventRecord.Kind.allCases.enumerated() {
            let event = EventRecord(
                id: UInt64(index), time: Timestamp(nanoseconds: 0),
                service: explanations(of: kind.messageID).contains("@CATALYST_SERVICE@")
                    ? "scanner" : nil, kind: kind, priority: index % 2 == 0 ? .warning : .info,
                message: "is \(kind.rawValue)\nnow")
            #expect(sender.send(event))
        }
        sender.flushAll()
        let count = EventRecord.Kind.allCases.count
        let messages = journald.journalctl("-t", "catalystd", "-p", "warning", "-o", "cat")
        #expect(messages.split(separator: "\n").count { $0 == "now" } == (count + 1) / 2)
        let one = journald.journalctl("CATALYST_EVENT=exited", "-o", "cat")
        #expect(one == "scanner: is exited\nnow\n")
        let explained = journald.journalctl("-t", "catalystd", "-x")
        #expect(explained.components(separatedBy: "Defined-By: catalyst\n").count == count + 1)
        #expect(!explained.contains("CATALYST_"), "a field that the entry does not have")
    }

    @Test func `a stopped journald holds nobody up, and gets what waited in order`() throws {
        let journald = try RealJournald()
        let sender = Sender(journald.socketPath)
        journald.stop()
        // More than the kernel's queue, and what waits here, can hold. A send that waits never ends.
        var count = 0
        while sender.journal.dropped < 50, count < 100_000 {
            try #require(sender.send("line \(count)"))
            count += 1
        }
        #expect(sender.journal.dropped == 50)
        #expect(sender.journal.hasWaiting)
        journald.goOn()
        sender.flushAll()
        #expect(sender.send("last"))
        sender.flushAll()
        let lines = journald.journalctl("-t", "news", "-o", "cat").split(separator: "\n")
        #expect(lines == (0..<count - 50).map { "line \($0)" } + ["last"])
    }
}

private func alert(_ rule: AlertRule, _ id: Int64) -> AlertEvent {
    let subject: Subject = rule.family == "service-life" ? "scanner" : "@postgres"
    let since = Timestamp(nanoseconds: 1_795_356_189_120_000_000)
    var alert = Alert(
        id: id, rule: rule, subject: subject, severity: .critical, state: .firing, since: since,
        summary: "is \(rule.rawValue)")
    alert.blocked = ["news", "scanner"]
    alert.evidence = evidence(lines: 20)
    return AlertEvent(
        id: "0b5e6f0a-\(id)", kind: .fired, time: since, message: "is \(rule.rawValue) \"now\"",
        alert: alert)
}
