import StackModel
import Testing

struct TimeTests {
    @Test func `moments and durations stop at the ends of time instead of trapping`() {
        let end = Moment(nanoseconds: .max)
        #expect(end + .seconds(1) == end)
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(Int64.min).nanoseconds == .min)
        #expect(Duration.milliseconds(1500).seconds == 1.5)
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("2025-10-18T12:00:00Z", 1_760_788_800_000_000_000),
        ("2025-10-18t12:00:00.123456789123z", 1_760_788_800_123_456_789),
        ("2025-10-18 14:30:00+02:30", 1_760_788_800_000_000_000),
        ("2025-10-18T07:00:00.5-0500", 1_760_788_800_500_000_000),
        ("2025-10-18T12:00:00", 1_760_788_800_000_000_000),
        ("1969-12-31T23:59:59.9Z", -100_000_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
    ])
    func `RFC 3339 is read`(text: String, nanoseconds: Int64) {
        #expect(Timestamp(rfc3339: text) == Timestamp(nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "2025", "2025-13-01T00:00:00Z", "2025-01-32T00:00:00Z", "2025-01-01T24:00:00Z",
        "2025-01-01T00:00:00.Z", "2025-01-01T00:00:00+1", "2025-01-01T00:00:00Zx",
        "1600-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z", "٢٠٢٥-01-01T00:00:00Z",
    ])
    func `what is no RFC 3339 is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `a timestamp is written as it was read`() {
        for nanoseconds in stride(
            from: Int64(-9_000_000_000_000_000_000), to: 9_000_000_000_000_000_000,
            by: 123_456_789_012_345_678)
        {
            let timestamp = Timestamp(nanoseconds: nanoseconds)
            #expect(Timestamp(rfc3339: timestamp.rfc3339(digits: 9)) == timestamp)
        }
        #expect(
            "\(Timestamp(nanoseconds: 1_760_788_800_123_999_999))" == "2025-10-18T12:00:00.123Z")
        #expect(Timestamp(nanoseconds: 0).rfc3339(digits: 0) == "1970-01-01T00:00:00Z")
    }
}
