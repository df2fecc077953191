internal import FoundationEssentials
internal import StackModel

/// `value` as jsonb takes it: Postgres refuses U+0000 in texts, and JSON has no infinity.
func json(_ value: some Encodable) throws(ShipFailure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
        return String(decoding: withoutNULs([UInt8](try encoder.encode(value))), as: UTF8.self)
    } catch {
        throw ShipFailure("cannot write it as JSON: \(error)", isRefused: true)
    }
}

/// Without what is no number.
func json(_ reading: Reading) -> String {
    let members = reading.filter(\.value.isFinite).sorted { $0.key.rawValue < $1.key.rawValue }
        .map { "\"\($0.key.name)\":\($0.value)" }
    return "{" + members.joined(separator: ",") + "}"
}

/// `\u0000` becomes `\ufffd`; behind an escaped backslash it is no escape.
private func withoutNULs(_ json: [UInt8]) -> [UInt8] {
    let backslash = UInt8(ascii: "\\")
    guard json.contains(backslash) else { return json }
    var result = json
    var index = 0
    while index < json.count {
        guard json[index] == backslash else {
            index += 1
            continue
        }
        if json[index...].starts(with: "\\u0000".utf8) {
            result.replaceSubrange(index..<index + 6, with: "\\ufffd".utf8)
        }
        index += 2
    }
    return result
}
