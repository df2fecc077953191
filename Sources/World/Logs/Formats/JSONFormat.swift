internal import Glibc
internal import StackModel

/// Docker's json-file:
/// `{"log":"text\n","stream":"stdout","time":"2026-11-22T14:03:09.123456789Z"}`, one a line.
///
/// Escapes what Docker escapes: control bytes, `"`, `\`, `<`, `>`, `&`, U+2028, U+2029; each
/// invalid byte becomes `\ufffd`.
struct JSONFormat {
    /// What a record of 16 KiB may need: each byte six times, and its frame.
    static let recordBytesMax = LogLimits.recordBytesMax * 6 + 128

    private static let opening: StaticString = #"{"log":""#
    private static let closing = (stdout: Closing(.stdout), stderr: Closing(.stderr))
    private var closing = Self.closing

    /// Appends one record. `text` has no newline; `isWhole`: it had one.
    mutating func append(
        _ text: UnsafeRawBufferPointer, isWhole: Bool, stream: LogRecord.Stream, time: Timestamp,
        to output: inout UnsafeMutableRawPointer
    ) {
        output.copyMemory(from: Self.opening.utf8Start, byteCount: Self.opening.utf8CodeUnitCount)
        output += Self.opening.utf8CodeUnitCount
        JSONEscaping.append(text, to: &output)
        if isWhole { JSONEscaping.append(escape: UInt8(ascii: "n"), to: &output) }
        switch stream {
        case .stdout: closing.stdout.append(time, to: &output)
        case .stderr: closing.stderr.append(time, to: &output)
        }
    }

    /// The constant end of a record, with the last time it was used for.
    private struct Closing {
        private var bytes: [UInt8]
        private let timeStart: Int
        private var timeText = TimeText()
        private var time: Timestamp?

        init(_ stream: LogRecord.Stream) {
            let beforeTime = #"","stream":"\#(stream)","time":""#
            timeStart = beforeTime.utf8.count
            bytes = Array(
                (beforeTime + String(repeating: "0", count: TimeText.bytes) + "\"}\n").utf8)
        }

        mutating func append(_ time: Timestamp, to output: inout UnsafeMutableRawPointer) {
            if time != self.time { set(time) }
            bytes.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                output.copyMemory(from: base, byteCount: bytes.count)
                output += bytes.count
            }
        }

        private mutating func set(_ time: Timestamp) {
            self.time = time
            bytes.withUnsafeMutableBytes { bytes in
                let place = UnsafeMutableRawBufferPointer(
                    rebasing: bytes[timeStart..<(timeStart + TimeText.bytes)])
                timeText.write(time, into: place)
            }
        }
    }
}
