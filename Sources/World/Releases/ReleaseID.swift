internal import StackModel

/// Names of releases: when, and a few digits of what.
enum ReleaseID {
    private static let timeLength = 16

    /// Sorts behind `newest`, also where the clock was set back or the second is the same.
    /// `digits`: a hexadecimal digest.
    static func next(
        at now: Timestamp, digits: String, after newest: String?, isTaken: (String) -> Bool
    ) -> String {
        var time = now
        if let newest, newest.prefix(timeLength) >= text(of: now), let last = self.time(of: newest)
        {
            time = last.later
        }
        while isTaken(id(time, digits)) { time = time.later }
        return id(time, digits)
    }

    private static func id(_ time: Timestamp, _ digits: String) -> String {
        "\(text(of: time))-\(digits.prefix(7))"
    }

    /// `20261122T210500Z`
    private static func text(of time: Timestamp) -> String {
        time.rfc3339(digits: 0).filter { $0 != "-" && $0 != ":" }
    }

    private static func time(of id: String) -> Timestamp? {
        let digits = Array(id.prefix(timeLength))
        guard digits.count == timeLength else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return Timestamp(
            rfc3339:
                "\(part(0..<4))-\(part(4..<6))-\(part(6..<11)):\(part(11..<13)):\(part(13..<16))")
    }
}

extension Timestamp {
    fileprivate var later: Timestamp { Timestamp(nanoseconds: nanoseconds + 1_000_000_000) }
}
