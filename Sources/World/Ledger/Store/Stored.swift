internal import FoundationEssentials
internal import StackModel

/// How values are stored where their parts are of no interest to SQL: as JSON.
enum Stored {
    static func bytes(_ value: some Encodable) throws(LedgerError) -> [UInt8] {
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            throw LedgerError(.entry, "cannot remember a value that is no JSON: \(error)")
        }
    }

    /// Nil: another version wrote it, with words that this one does not know.
    static func value<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }
}

extension Alert {
    /// As it can be stored: JSON knows no infinity, and nobody needs a megabyte of lines.
    var storable: Alert {
        var alert = self
        alert.evidence.measures = alert.evidence.measures.filter { $0.value.isFinite }
        alert.evidence.lines = alert.evidence.lines.keptForStorage
        return alert
    }
}

extension [LogRecord] {
    /// The last ones, as many as there is room for.
    var keptForStorage: [LogRecord] {
        var bytes = 0
        return reversed().prefix { line in
            bytes += line.text.utf8.count
            return bytes <= LedgerLimits.alertBytesMax
        }.reversed()
    }
}

extension AlertEvent {
    var storable: AlertEvent {
        var event = self
        event.alert = alert.storable
        return event
    }
}
