internal import StackModel

/// Many short measurements of one subject as one longer one. Pure.
enum RollUp {
    static let hour: Int64 = 3_600_000_000_000

    /// The beginning of the hour that `time` is in.
    static func hour(of time: Timestamp) -> Timestamp {
        let rest = time.nanoseconds % hour
        return Timestamp(nanoseconds: time.nanoseconds - (rest < 0 ? rest + hour : rest))
    }

    /// The beginning of its day, UTC.
    static func day(of time: Timestamp) -> Timestamp {
        let rest = time.nanoseconds % (24 * hour)
        return Timestamp(nanoseconds: time.nanoseconds - (rest < 0 ? rest + 24 * hour : rest))
    }

    /// Sums are summed, other values averaged over those that have them: what was not measured changes nothing.
    static func values(of parts: [Measurement]) -> (values: Reading, highs: Reading) {
        var sums: Reading = [:]
        var counts: [Metric: Double] = [:]
        var highs: Reading = [:]
        for part in parts {
            for (metric, value) in part.values {
                sums[metric, default: 0] += value
                counts[metric, default: 0] += 1
                guard !metric.isSum else { continue }
                highs[metric] = max(highs[metric] ?? -.infinity, part.highs[metric] ?? value)
            }
        }
        var values: Reading = [:]
        for (metric, sum) in sums {
            values[metric] = metric.isSum ? sum : sum / (counts[metric] ?? 1)
        }
        return (values, highs.filter { values[$0.key] != $0.value })
    }
}
