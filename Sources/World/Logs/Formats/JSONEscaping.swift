/// Text into JSON strings, eight bytes at a time where nothing needs escaping.
///
/// Unsafe inside: the caller provides room for six times the text.
enum JSONEscaping {
    static func append(_ text: UnsafeRawBufferPointer, to output: inout UnsafeMutableRawPointer) {
        guard var input = text.baseAddress else { return }
        let end = input + text.count
        while input < end {
            if end - input >= 8 {
                let word = input.loadUnaligned(as: UInt64.self)
                output.storeBytes(of: word, as: UInt64.self)
                let plain = plainBytes(in: word)
                input += plain
                output += plain
                if plain == 8 { continue }
            }
            let byte = input.load(as: UInt8.self)
            if byte >= 0x80 {
                appendCharacter(&input, before: end, to: &output)
            } else {
                append(byte, to: &output)
                input += 1
            }
        }
    }

    /// How many of the word's first bytes stand for themselves: 0 to 8.
    @inline(__always)
    private static func plainBytes(in word: UInt64) -> Int {
        // Each term has the high bit of the first byte it is about; later bytes may be wrong by its
        // borrow.
        let control = (word &- eight(0x20)) & ~word
        let quoteOrAmpersand = zeroBytes((word & eight(0xFB)) ^ eight(0x22))
        let angle = zeroBytes((word & eight(0xFD)) ^ eight(0x3C))
        let backslash = zeroBytes(word ^ eight(0x5C))
        let special = (control | quoteOrAmpersand | angle | backslash | word) & eight(0x80)
        return special.trailingZeroBitCount / 8
    }

    @inline(__always)
    private static func zeroBytes(_ word: UInt64) -> UInt64 { (word &- eight(1)) & ~word }

    /// The byte, eight times.
    @inline(__always)
    private static func eight(_ byte: UInt64) -> UInt64 { byte &* 0x0101_0101_0101_0101 }

    static func append(escape letter: UInt8, to output: inout UnsafeMutableRawPointer) {
        output.storeBytes(of: UInt8(ascii: "\\"), as: UInt8.self)
        output.storeBytes(of: letter, toByteOffset: 1, as: UInt8.self)
        output += 2
    }

    private static func append(_ byte: UInt8, to output: inout UnsafeMutableRawPointer) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            append(escape: byte, to: &output)
        case UInt8(ascii: "\n"):
            append(escape: UInt8(ascii: "n"), to: &output)
        case UInt8(ascii: "\r"):
            append(escape: UInt8(ascii: "r"), to: &output)
        case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
            append("\\u00", to: &output)
            append(hexDigit: byte >> 4, to: &output)
            append(hexDigit: byte & 0xF, to: &output)
        default:
            output.storeBytes(of: byte, as: UInt8.self)
            output += 1
        }
    }

    private static func appendCharacter(
        _ input: inout UnsafeRawPointer, before end: UnsafeRawPointer,
        to output: inout UnsafeMutableRawPointer
    ) {
        let length = UTF8Scan.length(of: input, available: end - input)
        switch length {
        case 0:
            append("\\ufffd", to: &output)
            input += 1
        case 3 where isLineSeparator(input):
            append("\\u202", to: &output)
            append(hexDigit: input.load(fromByteOffset: 2, as: UInt8.self) & 0xF, to: &output)
            input += 3
        default:
            output.copyMemory(from: input, byteCount: length)
            output += length
            input += length
        }
    }

    /// U+2028 or U+2029, which end a line in JavaScript.
    private static func isLineSeparator(_ input: UnsafeRawPointer) -> Bool {
        input.load(as: UInt8.self) == 0xE2 && input.load(fromByteOffset: 1, as: UInt8.self) == 0x80
            && input.load(fromByteOffset: 2, as: UInt8.self) & 0xFE == 0xA8
    }

    private static func append(_ text: StaticString, to output: inout UnsafeMutableRawPointer) {
        output.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        output += text.utf8CodeUnitCount
    }

    private static func append(hexDigit value: UInt8, to output: inout UnsafeMutableRawPointer) {
        output.storeBytes(of: value < 10 ? 48 + value : 87 + value, as: UInt8.self)
        output += 1
    }
}

/// Well-formed UTF-8 (Unicode, table 3-7).
enum UTF8Scan {
    /// The length of the character at `input`; 0 where there is none.
    static func length(of input: UnsafeRawPointer, available: Int) -> Int {
        let first = input.load(as: UInt8.self)
        let (length, second) = shape(of: first)
        guard length > 0, available >= length else { return 0 }
        guard length > 1 else { return 1 }
        guard second.contains(input.load(fromByteOffset: 1, as: UInt8.self)) else { return 0 }
        for offset in 2..<max(2, length)
        where input.load(fromByteOffset: offset, as: UInt8.self) & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// How long a character that begins so is, and what its second byte may be.
    private static func shape(of first: UInt8) -> (Int, ClosedRange<UInt8>) {
        switch first {
        case 0..<0x80: (1, 0x80...0xBF)
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: (0, 0x80...0xBF)
        }
    }
}
