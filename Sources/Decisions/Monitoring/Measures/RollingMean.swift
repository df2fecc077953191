package import StackModel

/// The mean of a value over the last hour, from one mean a minute.
package struct RollingMean: Sendable {
    private var minutes: [(began: Moment, sum: Double, count: Int)] = []

    package init() {}

    package mutating func add(_ value: Double, at now: Moment) {
        if let last = minutes.last, now - last.began < .seconds(60) {
            minutes[minutes.count - 1].sum += value
            minutes[minutes.count - 1].count += 1
        } else {
            minutes.append((now, value, 1))
            minutes.removeAll { now - $0.began >= .seconds(3600) }
        }
    }

    /// Nil: less than half of the last hour is known.
    package func mean(at now: Moment) -> Double? {
        let known = minutes.filter { now - $0.began < .seconds(3600) }
        guard known.count >= 30 else { return nil }
        return known.reduce(0) { $0 + $1.sum / Double($1.count) } / Double(known.count)
    }
}
