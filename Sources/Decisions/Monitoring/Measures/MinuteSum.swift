package import StackModel

/// Gathers readings into one measurement of each subject: means, sums and highs.
package struct MinuteSum: Sendable {
    private struct Total {
        var sum = 0.0
        var high = -Double.infinity
        var count = 0
    }

    /// When it began.
    package let time: Timestamp
    private var totals: [Subject: [Metric: Total]] = [:]

    package init(from time: Timestamp) { self.time = time }

    package mutating func add(_ reading: Reading, of subject: Subject) {
        for (metric, value) in reading where value.isFinite {
            var total = totals[subject, default: [:]][metric] ?? Total()
            total.sum += value
            total.high = max(total.high, value)
            total.count += 1
            totals[subject, default: [:]][metric] = total
        }
    }

    /// How much of a time just gone the service was wanted, and well.
    package mutating func add(wanted: Duration, well: Duration, of service: ServiceName) {
        add([.wanted: wanted.seconds, .well: well.seconds], of: .service(service))
    }

    /// One measurement of each subject that anything was added of, sorted by subject.
    package func measurements() -> [Measurement] {
        totals.sorted { $0.key < $1.key }.map { subject, totals in
            var values: Reading = [:]
            var highs: Reading = [:]
            for (metric, total) in totals {
                if metric.isSum {
                    values[metric] = total.sum
                } else {
                    let mean = total.sum / Double(total.count)
                    values[metric] = mean
                    if total.high > mean { highs[metric] = total.high }
                }
            }
            return Measurement(
                time: time, subject: subject, resolution: .minute, values: values, highs: highs)
        }
    }
}

extension Availability.Share {
    /// From sums of `wanted` and `well`; nil: it was not wanted, or not watched.
    package init?(of sums: Reading) {
        guard let wanted = sums[.wanted], wanted > 0 else { return nil }
        let well = sums[.well] ?? 0
        self.init(share: min(1, max(0, well / wanted)), watched: .seconds(wanted))
    }
}
