internal import StackModel

/// Reads back a line in Docker's format, whoever wrote it: keys in any order, unknown ones skipped.
struct JSONLine {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Nil where it is no such record.
    static func parse(_ bytes: UnsafeRawBufferPointer, of service: ServiceName) -> LogRecord? {
        var line = JSONLine(bytes)
        return line.record(of: service)
    }

    private mutating func record(of service: ServiceName) -> LogRecord? {
        var record = LogRecord(
            service: service, time: Timestamp(nanoseconds: 0), stream: .stdout, text: "")
        var hasTime = false
        guard skip("{") else { return nil }
        repeat {
            guard let key = string(), skip(":") else { return nil }
            switch key {
            case "log":
                guard var text = string() else { return nil }
                if text.utf8.last == newline { text.unicodeScalars.removeLast() }
                record.text = text
            case "stream":
                guard let text = string(), let stream = LogRecord.Stream(rawValue: text) else {
                    return nil
                }
                record.stream = stream
            case "time":
                guard let text = string(), let time = Timestamp(rfc3339: text) else { return nil }
                (record.time, hasTime) = (time, true)
            default:
                guard skipValue() else { return nil }
            }
        } while skip(",")
        return skip("}") && hasTime ? record : nil
    }

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        while byte == UInt8(ascii: " ") { position += 1 }
        guard byte == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Docker's `attrs` is an object of strings; anything is skipped whose brackets match.
    private mutating func skipValue() -> Bool {
        var depth = 0
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                guard string() != nil else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return true }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0:
                return true
            default:
                break
            }
            position += 1
        }
        return false
    }

    private mutating func string() -> String? {
        guard skip("\"") else { return nil }
        var text: [UInt8] = []
        var start = position
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                let rest = bytes[start..<position]
                position += 1
                if text.isEmpty { return String(decoding: rest, as: UTF8.self) }
                text += rest
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                text += bytes[start..<position]
                position += 1
                guard let scalar = escaped() else { return nil }
                text += UTF8.encode(scalar).map(Array.init) ?? []
                start = position
            default:
                position += 1
            }
        }
        return nil
    }

    private mutating func escaped() -> Unicode.Scalar? {
        guard let letter = byte else { return nil }
        position += 1
        switch letter {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "u"): return unicode()
        default: return Unicode.Scalar(letter)
        }
    }

    /// Four digits; two times four for a character beyond the first 65,536.
    private mutating func unicode() -> Unicode.Scalar? {
        guard let unit = hexadecimal() else { return nil }
        guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
        let afterFirst = position
        guard skip("\\"), skip("u"), let second = hexadecimal(), (0xDC00..<0xE000).contains(second)
        else {
            position = afterFirst
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexadecimal() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        let digits = String(decoding: bytes[position..<(position + 4)], as: UTF8.self)
        position += 4
        return UInt32(digits, radix: 16)
    }
}
