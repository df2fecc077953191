internal import FoundationEssentials

/// Newline-delimited JSON: one object a line, as all our sockets speak it.
package enum JSONLines {
    /// `value` as one line, its newline included.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes = [UInt8](try encoder.encode(value))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from line: [UInt8]) throws
        -> Value
    {
        try JSONDecoder().decode(type, from: Data(line))
    }
}
