internal import LinuxSystem
internal import StackModel

/// Counts what was lost, and tells the agent: at once, then at most once a second.
final class Drops: Sendable {
    private struct Tally {
        var total: UInt64 = 0
        var untold: UInt64 = 0
        var told: Moment?
    }

    private let tallies = Guarded<[ServiceName: Tally]>([:])
    private let report: @Sendable (ServiceName, UInt64) -> Void

    init(report: @escaping @Sendable (ServiceName, UInt64) -> Void) { self.report = report }

    var totals: [ServiceName: UInt64] { tallies.withLock { $0.mapValues(\.total) } }

    func add(_ bytes: UInt64, of service: ServiceName) {
        guard bytes > 0 else { return }
        let untold = tallies.withLock { tallies in
            tallies[service, default: Tally()].total += bytes
            tallies[service]?.untold += bytes
            return take(from: &tallies[service], force: false)
        }
        if let untold { report(service, untold) }
    }

    /// The trouble is over: reports what was not.
    func settle(_ service: ServiceName) {
        let untold = tallies.withLock { take(from: &$0[service], force: true) }
        if let untold { report(service, untold) }
    }

    private func take(from tally: inout Tally?, force: Bool) -> UInt64? {
        guard var changed = tally, changed.untold > 0 else { return nil }
        let now = Clock.now()
        if !force, let told = changed.told, now - told < LogLimits.dropReports { return nil }
        defer { tally = changed }
        defer { (changed.untold, changed.told) = (0, now) }
        return changed.untold
    }
}
