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
    private let listener: @Sendable (ServiceName, UInt64) -> Void

    init(listener: @escaping @Sendable (ServiceName, UInt64) -> Void) { self.listener = listener }

    var totals: [ServiceName: UInt64] { tallies.withLock { $0.mapValues(\.total) } }

    func add(_ bytes: UInt64, of service: ServiceName) {
        guard bytes > 0 else { return }
        let untold = tallies.withLock { tallies in
            tallies[service, default: Tally()].total += bytes
            tallies[service]?.untold += bytes
            return takeDue(from: &tallies[service, default: Tally()])
        }
        if let untold { listener(service, untold) }
    }

    /// Reports what it is time for. True: there is more to tell, later.
    func report() -> Bool {
        let due = tallies.withLock { tallies in
            tallies.keys.compactMap { service in
                takeDue(from: &tallies[service, default: Tally()]).map { (service, $0) }
            }
        }
        for (service, bytes) in due { listener(service, bytes) }
        return tallies.withLock { $0.values.contains { $0.untold > 0 } }
    }

    private func takeDue(from tally: inout Tally) -> UInt64? {
        let now = Clock.now()
        if let told = tally.told, now - told < LogLimits.dropReports { return nil }
        guard tally.untold > 0 else { return nil }
        defer { (tally.untold, tally.told) = (0, now) }
        return tally.untold
    }
}
