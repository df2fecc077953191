internal import Glibc

let newline = UInt8(ascii: "\n")

/// Where lines end and where overlong ones are cut. Reader and writer must agree, so both ask here.
enum LineCut {
    /// How much of `bytes` can be written: whole lines, and of a line longer than a record all but
    /// its last part.
    static func ready(_ bytes: UnsafeRawBufferPointer) -> (count: Int, isPartial: Bool) {
        let lines = lastNewline(in: bytes).map { $0 + 1 } ?? 0
        var count = lines
        while bytes.count - count > LogLimits.recordBytesMax {
            count += record(UnsafeRawBufferPointer(rebasing: bytes[count...]))
        }
        return (count, count > lines)
    }

    /// The length of the first record of an overlong line: a record's worth, no character cut in
    /// two.
    static func record(_ line: UnsafeRawBufferPointer) -> Int {
        let most = LogLimits.recordBytesMax
        guard line.count > most else { return line.count }
        return wholeCharacters(line, upTo: most)
    }

    /// `count`, less the bytes of a UTF-8 character that would go on behind it.
    static func wholeCharacters(_ bytes: UnsafeRawBufferPointer, upTo count: Int) -> Int {
        var start = count
        while start > count - 4, start > 0, start < bytes.count, bytes[start] & 0xC0 == 0x80 {
            start -= 1
        }
        return start < count && start > 0 && bytes[start] >= 0xC0 ? start : count
    }

    /// How many bytes at the end could be the beginning of a character: 0 to 3.
    static func unfinishedCharacter(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let byte = bytes[bytes.count - length]
            if byte & 0xC0 == 0x80 { continue }
            let expected = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return expected > length ? length : 0
        }
        return 0
    }

    static func firstNewline(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base, Int32(newline), bytes.count)
        else {
            return nil
        }
        return UnsafeRawPointer(found) - base
    }

    static func lastNewline(in bytes: UnsafeRawBufferPointer) -> Int? {
        var index = bytes.count
        while index > 0 {
            index -= 1
            if bytes[index] == newline { return index }
        }
        return nil
    }
}
