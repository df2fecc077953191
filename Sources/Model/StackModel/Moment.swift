/// A point on the monotonic clock, in nanoseconds. Decisions get it as a value, never read a clock.
package struct Moment: Hashable, Comparable, Sendable, Codable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    package static let zero = Moment(nanoseconds: 0)

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func + (moment: Self, delay: Duration) -> Moment {
        let (sum, overflow) = moment.nanoseconds.addingReportingOverflow(delay.nanoseconds)
        return Moment(nanoseconds: overflow ? .max : sum)
    }
    package static func - (later: Self, earlier: Self) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}

extension Duration {
    /// Whole nanoseconds, held at the ends of `Int64` (292 years).
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, tooFar) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return tooFar ? (seconds < 0 ? .min : .max) : sum
    }
    package var seconds: Double { Double(nanoseconds) / 1e9 }
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

/// Stored as a number of seconds in JSON, so that people and `jq` can read it.
@propertyWrapper
package struct Seconds: Equatable, Sendable, Codable {
    package var wrappedValue: Duration

    package init(wrappedValue: Duration) { self.wrappedValue = wrappedValue }
    package init(from decoder: any Decoder) throws {
        let seconds = try decoder.singleValueContainer().decode(Double.self)
        // Beyond 292 years a duration means "never"; conversion must not trap.
        wrappedValue = .nanoseconds(Int64(exactly: (seconds * 1e9).rounded()) ?? .max)
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue.seconds)
    }
}
