package import StackModel

/// How much of something is used: now, usually at most, and at its highest. Nil where nobody knows.
package struct Use: Equatable, Sendable, Encodable {
    package var now: Double?
    /// 95 of 100 stretches were below.
    package var p95: Double?
    package var max: Double?

    package init(now: Double? = nil, p95: Double? = nil, max: Double? = nil) {
        self.now = now
        self.p95 = p95
        self.max = max
    }

    /// Of `metric` in `points`; nil where it was never measured.
    package init?(of metric: Metric, in points: [Measurement], now: Double?) {
        let means = points.compactMap { $0.values[metric] }.filter(\.isFinite).sorted()
        let highs = points.compactMap { $0.highs[metric] }.filter(\.isFinite)
        if means.isEmpty && now == nil { return nil }
        self.init(now: now, p95: means.percentile(95))
        if !means.isEmpty { max = ([now] + means + highs).compactMap(\.self).max() }
    }

    package static func * (use: Use, factor: Double) -> Use {
        Use(
            now: use.now.map { $0 * factor }, p95: use.p95.map { $0 * factor },
            max: use.max.map { $0 * factor })
    }
}

extension [Measurement] {
    /// From the beginning of the first to the end of the last.
    package var span: Duration {
        guard let first = map(\.time).min(), let last = self.max(by: { $0.time < $1.time }) else {
            return .zero
        }
        return last.time - first + last.resolution.length
    }
}

extension Resolution {
    /// Of one measurement.
    fileprivate var length: Duration {
        switch self {
        case .raw: .zero
        case .minute: .seconds(60)
        case .hour: .seconds(3600)
        }
    }
}

extension [Double] {
    /// Of sorted values, by the nearest rank.
    func percentile(_ percent: Int) -> Double? {
        isEmpty ? nil : self[Swift.max(0, (count * percent + 99) / 100 - 1)]
    }
}
