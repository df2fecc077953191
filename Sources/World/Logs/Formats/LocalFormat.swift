internal import StackModel

/// Ours: the lines as written, below header lines that say when and on which stream they came.
///
///     @@ 2026-11-22T14:03:09.123456789Z 000000012345 stdout
///
/// `@+` instead of `@@`: the newline that ends the lines below is ours, the service has not written
/// it yet. The number is the header's own place in the file, so text that only looks like a header
/// is none.
struct LocalFormat {
    static let headerBytes = 54
    private static let place = 34..<46

    private var timeText = TimeText()
    private var header = Array("@@ \(String(repeating: "0", count: 30)) 000000000000 stdout\n".utf8)

    mutating func header(
        _ stream: LogRecord.Stream, at time: Timestamp, offset: Int, isPartial: Bool
    ) -> [UInt8] {
        header[1] = isPartial ? UInt8(ascii: "+") : UInt8(ascii: "@")
        header.withUnsafeMutableBytes {
            timeText.write(time, into: UnsafeMutableRawBufferPointer(rebasing: $0[3..<33]))
        }
        var rest = offset
        for index in Self.place.reversed() {
            header[index] = UInt8(truncatingIfNeeded: 48 + rest % 10)
            rest /= 10
        }
        header.replaceSubrange(47..<53, with: stream.rawValue.utf8)
        return header
    }

    /// Reads a header line without its newline; nil: it is text. `offset` is where it was found.
    static func parse(
        _ line: UnsafeRawBufferPointer, at offset: Int
    ) -> (time: Timestamp, stream: LogRecord.Stream)? {
        guard line.count == headerBytes - 1, line[0] == UInt8(ascii: "@"),
            line[1] == UInt8(ascii: "@") || line[1] == UInt8(ascii: "+")
        else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        let words = text.split(separator: " ")
        guard words.count == 4, Int(words[2]) == offset, let time = Timestamp(rfc3339: words[1]),
            let stream = LogRecord.Stream(rawValue: String(words[3]))
        else { return nil }
        return (time, stream)
    }
}
