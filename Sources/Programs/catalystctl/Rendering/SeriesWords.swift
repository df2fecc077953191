internal import ControlProtocol
internal import StackModel

extension Series {
    /// Those that were measured, in the order of their numbers.
    var metrics: [Metric] {
        points.reduce(into: Set<Metric>()) { $0.formUnion($1.values.keys) }
            .sorted { $0.rawValue < $1.rawValue }
    }

    func has(_ metric: Metric) -> Bool { points.contains { $0.values[metric] != nil } }

    func values(of metric: Metric) -> [TimedValue] {
        let found = points.compactMap { point in
            point.values[metric].map { (point.time, $0) }
        }
        let length = stretch(of: found.map(\.0))
        return found.map { TimedValue(time: $0, length: length, value: $1) }
    }

    /// How long one point lasts; raw ones until the next is due.
    private func stretch(of times: [Timestamp]) -> Duration {
        switch resolution {
        case .minute: return .seconds(60)
        case .hour: return .seconds(3600)
        case .raw:
            let gaps = zip(times.dropFirst(), times).map { $0 - $1 }.sorted()
            return gaps.isEmpty ? .seconds(10) : min(gaps[gaps.count / 2], .seconds(120))
        }
    }

    /// `the last 1h, 60 minutes`
    func account(from: Timestamp, now: Timestamp) -> String {
        let kind =
            switch resolution {
            case .raw: "sample"
            case .minute: "minute"
            case .hour: "hour"
            }
        let count = points.count
        return "the last \(humanDuration(now - from)): \(count) \(kind)\(count == 1 ? "" : "s")"
    }

    /// With what each measure is, where `width` has room for some words.
    func table(width: Int) -> Table {
        let bare = Table(
            columns: [
                .init(title: "metric"), .init(title: "now", alignment: .right),
                .init(title: "mean", alignment: .right), .init(title: "high", alignment: .right),
            ],
            rows: metrics.map { metric in
                let account = Account(of: metric, in: points)
                let mean = metric.isSum ? "\(account.mean) in all" : account.mean
                return [metric.name, account.now, mean, account.high].map { .init($0) }
            })
        guard width - bare.naturalWidth >= 22 else { return bare }
        return Table(
            columns: bare.columns + [.init(title: "what it is")],
            rows: zip(bare.rows, metrics).map { $0 + [.init($1.help)] })
    }

    /// `now 0.3%, mean 0.4%, high 2.1%`
    func summary(of metric: Metric) -> String {
        let account = Account(of: metric, in: points)
        let mean = metric.isSum ? "\(account.mean) in all" : "mean \(account.mean)"
        return "now \(account.now), \(mean), high \(account.high)"
    }

    /// What matters of a subject, in one line.
    var newestPieces: [Terminal.Piece] {
        guard let values = points.last?.values else { return [] }
        let prefix = subject.service == nil ? String("\(subject)".dropFirst()) + "-" : ""
        return values.keys.filter { !Self.minor.contains($0) }
            .sorted { Self.rank($0) < Self.rank($1) }
            .map { metric in
                let name = metric.name
                let short =
                    !prefix.isEmpty && name.hasPrefix(prefix)
                    ? String(name.dropFirst(prefix.count)) : name
                return .init("\(short) \(metric.unit.human(values[metric] ?? 0))")
            }
    }

    /// Its own line would be longer than it is worth.
    private static let minor: Set<Metric> = [.wanted, .well, .uptime, .memoryPeak]
    private static let first: [Metric] = [.cpu, .memory, .processes, .latencyP50, .latencyP99]

    private static func rank(_ metric: Metric) -> (Int, UInt8) {
        (first.firstIndex(of: metric) ?? first.count, metric.rawValue)
    }
}

/// Newest, mean (or sum) and highest of one measure, for people.
private struct Account {
    let now: String
    let mean: String
    let high: String

    init(of metric: Metric, in points: [Measurement]) {
        let values = points.compactMap { $0.values[metric] }
        let highs = points.compactMap { $0.highs[metric] ?? $0.values[metric] }
        let sum = values.reduce(0, +)
        func human(_ value: Double?) -> String { value.map(metric.unit.human) ?? "–" }
        now = human(values.last)
        mean = human(metric.isSum ? sum : values.isEmpty ? nil : sum / Double(values.count))
        high = human(highs.max())
    }
}
