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
        return overflow
    }

    private mutating func throwAway(
        _ worth: LedgerEntry.Worth, until goal: Int, _ overflow: inout Overflow
    ) {
        for index in writes.indices where bytes > goal {
            let lost = writes[index].loss
            bytes -= writes[index].throwAway(worth)
            overflow.loss += writes[index].loss.minus(lost)
        }
        let (kept, empty) = writes.parted { !$0.entries.isEmpty || $0.prepare != nil }
        bytes -= empty.reduce(0) { $0 + $1.bytes }
        overflow.refused += empty
        writes = kept
        // Nothing is prepared for ever: past the last bound whole writes give way.
        while worth == .alert, bytes > goal, !writes.isEmpty {
            bytes -= writes[0].bytes
            overflow.refused.append(writes.removeFirst())
        }
    }
}

extension LedgerLoss {
    func minus(_ other: Self) -> Self {
        LedgerLoss(
            measurements: measurements - other.measurements, events: events - other.events,
            alertEvents: alertEvents - other.alertEvents)
    }
}

extension Array {
    fileprivate func parted(_ belongs: (Element) -> Bool) -> (kept: [Element], others: [Element]) {
        (filter(belongs), filter { !belongs($0) })
    }
}
