internal import FoundationEssentials
package import StackModel

extension Journal {
    /// An event with its structured fields: `journalctl -t catalystd CATALYST_SERVICE=scanner -p warning` finds it.
    package mutating func send(_ event: EventRecord) -> Bool {
        var fields: [(name: String, value: String)] = [
            ("MESSAGE", event.service.map { "\($0): \(event.message)" } ?? event.message),
            ("PRIORITY", String(event.priority.rawValue)),
            ("SYSLOG_IDENTIFIER", "catalystd"),
            ("MESSAGE_ID", event.kind.messageID),
            ("CATALYST_EVENT", event.kind.rawValue),
            ("CATALYST_EVENT_ID", String(event.id)),
        ]
        if let service = event.service { fields.append(("CATALYST_SERVICE", service.text)) }
        return send(fields)
    }

    /// A line that a service wrote, for its `journald` log driver.
    package mutating func send(_ line: String, from service: ServiceName, stream: LogRecord.Stream)
        -> Bool
    {
        send([
            ("MESSAGE", line),
            ("PRIORITY", stream == .stderr ? "3" : "6"),
            ("SYSLOG_IDENTIFIER", service.text),
            ("CATALYST_SERVICE", service.text),
            ("CATALYST_STREAM", stream.rawValue),
        ])
    }
}

extension Journal {
    /// A step in an alert's life: `journalctl -t catalystd CATALYST_RULE=disk-high` finds it, and `-x`
    /// explains it. Every field is there each time, but for `CATALYST_SERVICE`.
    package mutating func send(_ event: AlertEvent) -> Bool {
        let alert = event.alert
        var fields: [(name: String, value: String)] = [
            ("MESSAGE", "\(alert.subject.words): \(event.message)"),
            ("PRIORITY", String(event.priority.rawValue)),
            ("SYSLOG_IDENTIFIER", "catalystd"),
            ("MESSAGE_ID", alert.rule.messageID),
            ("CATALYST_ALERT", String(alert.id)),
            ("CATALYST_ALERT_EVENT", event.id),
            ("CATALYST_ALERT_KIND", event.kind.rawValue),
            ("CATALYST_RULE", alert.rule.rawValue),
            ("CATALYST_SUBJECT", alert.subject.description),
            ("CATALYST_SEVERITY", alert.severity.rawValue),
            ("CATALYST_STATE", alert.state.rawValue),
            ("CATALYST_SINCE", alert.since.description),
            ("CATALYST_BLOCKED", alert.blocked.map(\.text).joined(separator: " ")),
            ("CATALYST_EVIDENCE", alert.evidence.json(bytesMax: Self.evidenceBytesMax)),
            (
                "CATALYST_NEXT",
                alert.evidence.suggestions.first ?? "catalystctl alerts show \(alert.id)"
            ),
        ]
        if let service = alert.subject.service {
            fields.append(("CATALYST_SERVICE", service.text))
        }
        return send(fields)
    }

    static let evidenceBytesMax = 16 << 10
}

extension Evidence {
    /// In one line, and whole JSON: what is oldest goes where it would be too long.
    func json(bytesMax: Int) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var rest = self
        // JSON has no word for the others.
        rest.measures = measures.filter(\.value.isFinite)
        for index in rest.lines.indices {
            rest.lines[index].text = String(rest.lines[index].text.prefix(Self.lineLengthMax))
        }
        repeat {
            guard let json = try? encoder.encode(rest) else { break }
            if json.count <= bytesMax { return String(decoding: json, as: UTF8.self) }
        } while rest.dropOldest()
        return "{}"
    }

    private static let lineLengthMax = 1000

    /// False where nothing is left.
    private mutating func dropOldest() -> Bool {
        if !lines.isEmpty {
            lines.removeFirst()
        } else if !changes.isEmpty {
            changes.removeFirst()
        } else if lastReport != nil {
            lastReport = nil
        } else if !suggestions.isEmpty {
            suggestions.removeLast()
        } else {
            return false
        }
        return true
    }
}
