package import StackModel

/// When a disk will be full, by how its free space shrank in the last hour.
///
/// The median of all slopes (Theil and Sen): one big file, or a rotation that frees space, is no trend.
package struct FillRate: Sendable {
    package enum Forecast: Equatable, Sendable {
        /// Too little was seen.
        case unknown
        case notShrinking
        case full(in: Duration)
    }

    private var points: [(at: Moment, available: Double)] = []
    package private(set) var forecast = Forecast.unknown

    package static let window = Duration.seconds(3600)
    /// At least so far apart: 30 points say as much as 3,600.
    package static let interval = Duration.seconds(120)
    /// No forecast from less.
    package static let spanMin = Duration.seconds(600)

    package init() {}

    /// Takes in how many bytes are left. May be told as often as it is measured.
    package mutating func add(available: Double, at now: Moment) {
        if let last = points.last, now - last.at < Self.interval { return }
        points.append((now, available))
        points.removeAll { now - $0.at > Self.window }
        forecast = estimate()
    }

    private func estimate() -> Forecast {
        guard let first = points.first, let last = points.last, last.at - first.at >= Self.spanMin
        else { return .unknown }
        var slopes: [Double] = []
        for (index, later) in points.enumerated() {
            for earlier in points[..<index] {
                slopes.append(
                    (earlier.available - later.available) / (later.at - earlier.at).seconds)
            }
        }
        slopes.sort()
        let shrinking = slopes[slopes.count / 2]
        guard shrinking > 0 else { return .notShrinking }
        // Beyond a century it is no forecast.
        return .full(in: .seconds(min(last.available / shrinking, 3e9)))
    }
}
