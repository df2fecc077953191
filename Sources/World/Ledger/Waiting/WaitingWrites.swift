/// Writes that wait for the disk, oldest first, in bounded memory. Pure.
///
/// What has to give way when there is no room: the oldest measures, then the oldest events, and only then the oldest
/// alerts.
struct WaitingWrites {
    /// What had to give way.
    struct Overflow {
        var loss = LedgerLoss()
        /// Nothing is left of them: to be told that they failed.
        var refused: [LedgerWrite] = []
    }

    private(set) var writes: [LedgerWrite] = []
    private(set) var bytes = 0
    private let limits: LedgerLimits
    /// The first writes, so many, have nothing of that worth: a storm does not look through them again and again.
    private var cleared: [LedgerEntry.Worth: Int] = [:]

    init(limits: LedgerLimits) { self.limits = limits }

    var isEmpty: Bool { writes.isEmpty }

    mutating func append(_ write: LedgerWrite) -> Overflow {
        writes.append(write)
        bytes += write.bytes
        return makeRoom()
    }

    /// What was taken but could not be written.
    mutating func putBack(_ taken: [LedgerWrite]) -> Overflow {
        writes.insert(contentsOf: taken, at: 0)
        bytes += taken.reduce(0) { $0 + $1.bytes }
        cleared = [:]
        return makeRoom()
    }

    /// The oldest writes with together about `entriesMax` entries; at least one.
    mutating func take(entriesMax: Int = .max) -> [LedgerWrite] {
        var count = 0
        let end = writes.firstIndex { write in
            defer { count += write.entries.count }
            return count > 0 && count + write.entries.count > entriesMax
        }
        let taken = Array(writes[..<(end ?? writes.count)])
        writes.removeFirst(taken.count)
        bytes -= taken.reduce(0) { $0 + $1.bytes }
        cleared = cleared.mapValues { max($0 - taken.count, 0) }
        return taken
    }

    /// Tells all that are not told yet.
    mutating func tellAll(_ receipt: LedgerReceipt) {
        for index in writes.indices { writes[index].tell(receipt) }
    }

    private mutating func makeRoom() -> Overflow {
        var overflow = Overflow()
        for worth in LedgerEntry.Worth.allCases {
            let limit =
                worth == .alert ? limits.waitingAlertBytesMax : limits.waitingBytesMax
            // A tenth more than needed, so that not each further write has to look for room.
            if bytes > limit { throwAway(worth, until: limit - limit / 10, &overflow) }
        }
        if bytes > limits.waitingAlertBytesMax { refuseOldest(&overflow) }
        return overflow
    }

    private mutating func throwAway(
        _ worth: LedgerEntry.Worth, until goal: Int, _ overflow: inout Overflow
    ) {
        let start = cleared[worth] ?? 0
        var end = start
        var kept: [LedgerWrite] = []
        while end < writes.count, bytes > goal {
            var write = writes[end]
            let before = write.loss
            bytes -= write.throwAway(worth)
            overflow.loss += write.loss.minus(before)
            if write.isEmpty {
                bytes -= write.bytes
                overflow.refused.append(write)
            } else {
                kept.append(write)
            }
            end += 1
        }
        writes.replaceSubrange(start..<end, with: kept)
        // Those behind have moved.
        if kept.count < end - start { cleared = cleared.mapValues { min($0, start) } }
        cleared[worth] = start + kept.count
    }

    /// Those that are still to be prepared: nothing waits without a bound.
    private mutating func refuseOldest(_ overflow: inout Overflow) {
        let goal = limits.waitingAlertBytesMax * 9 / 10
        var count = 0
        while count < writes.count, bytes > goal {
            bytes -= writes[count].bytes
            count += 1
        }
        overflow.refused += writes.prefix(count)
        writes.removeFirst(count)
        cleared = cleared.mapValues { max($0 - count, 0) }
    }
}

extension LedgerLoss {
    func minus(_ other: Self) -> Self {
        LedgerLoss(
            measurements: measurements - other.measurements, events: events - other.events,
            alertEvents: alertEvents - other.alertEvents, rollouts: rollouts - other.rollouts)
    }
}
