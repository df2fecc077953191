package import StackModel

/// Compares the wall clock with the one that never jumps.
package struct ClockWatch: Sendable {
    private var offset: Int64?
    private var jumps: [(at: Moment, by: Duration)] = []

    package init() {}

    /// How far the clock jumped since the last look; nil: not.
    package mutating func look(now: Moment, time: Timestamp) -> Duration? {
        let newest = time.nanoseconds &- now.nanoseconds
        defer { offset = newest }
        jumps.removeAll { now - $0.at > Self.memory }
        guard let offset else { return nil }
        let jump = Duration.nanoseconds(newest &- offset)
        guard jump > Self.slack || jump < .zero - Self.slack else { return nil }
        jumps.append((now, jump))
        return jump
    }

    /// The furthest jump of the last minutes.
    package var furthest: Duration {
        jumps.map(\.by).max { abs($0.nanoseconds) < abs($1.nanoseconds) } ?? .zero
    }

    /// A jump counts as lately for so long.
    static let memory = Duration.seconds(300)
    /// Clocks are slewed; a look is not taken at the same moment on both.
    static let slack = Duration.seconds(1)
}
