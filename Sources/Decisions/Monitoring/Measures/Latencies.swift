package import StackModel

/// How long the last answers took: a window of the newest ones.
package struct Latencies: Sendable {
    private var newest: [Duration] = []
    private var next = 0

    /// An hour of probes every 30 s; more would hide what changed.
    package static let countMax = 120

    package init() {}

    package mutating func add(_ latency: Duration) {
        if newest.count < Self.countMax {
            newest.append(latency)
        } else {
            newest[next] = latency
        }
        next = (next + 1) % Self.countMax
    }

    package var p50: Duration? { percentile(50) }
    package var p99: Duration? { percentile(99) }

    /// Both, as a reading has them.
    package var reading: Reading {
        let sorted = newest.sorted()
        var reading: Reading = [:]
        reading[.latencyP50] = nearest(50, in: sorted)?.seconds
        reading[.latencyP99] = nearest(99, in: sorted)?.seconds
        return reading
    }

    private func percentile(_ percent: Int) -> Duration? { nearest(percent, in: newest.sorted()) }

    private func nearest(_ percent: Int, in sorted: [Duration]) -> Duration? {
        guard !sorted.isEmpty else { return nil }
        return sorted[(sorted.count * percent + 99) / 100 - 1]
    }
}
