internal import Logs
internal import StackModel

/// What a service wrote last, nothing secret in it. Reads files: not on the loop.
func lastLines(
    of name: ServiceName, in directory: String, mask: SecretMask?, since: Timestamp? = nil
) -> [LogRecord] {
    var reading = LogReading(directory: directory, services: [name])
    reading.tail = AgentLimits.evidenceLinesMax
    reading.since = since
    var lines: [LogRecord] = []
    reading.run(isCancelled: { false }) { record in
        var record = record
        // Before it is cut: half a secret is none that can be found.
        record.text = mask?.hidden(in: record.text) ?? record.text
        record.text = String(record.text.prefix(AgentLimits.evidenceLineLengthMax))
        lines.append(record)
        return true
    }
    return lines
}
