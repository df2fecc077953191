internal import StackModel

/// RFC 3339 with nine digits, quickly: only the fraction is written anew within a second.
struct TimeText {
    static let bytes = 30
    /// The fraction's place in `2026-11-22T14:03:09.123456789Z`.
    private static let fraction = 20..<29

    private var second = Int64.min

    /// Writes the time into 30 bytes, which must be the same ones at each call.
    mutating func write(_ time: Timestamp, into text: UnsafeMutableRawBufferPointer) {
        let (second, remainder) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if second != self.second {
            self.second = second
            text.copyBytes(from: time.rfc3339(digits: 9).utf8.prefix(Self.bytes))
        }
        var rest = remainder
        for index in Self.fraction.reversed() {
            text[index] = UInt8(truncatingIfNeeded: 48 + rest % 10)
            rest /= 10
        }
    }
}
