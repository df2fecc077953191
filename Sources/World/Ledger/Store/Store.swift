internal import StackModel

/// The open ledger. Used by its thread alone.
final class Store: @unchecked Sendable {
    let database: Database
    let limits: LedgerLimits
    let wallTime: @Sendable () -> Timestamp
    var outbox: LedgerEntry.Switch
    var tallies: Tallies
    /// What the outbox had no room for since it was last told.
    var loss = LedgerLoss()
    /// What the transaction under way has written: so much may be pruned the sooner.
    var written = Written()
    /// The hour of the minute that was written last: it is in `unrolled`.
    var hour: Timestamp?
    private var commits = 0

    struct Written {
        var rows = 0
        var alerts = 0
        var rollouts = 0
        var measurements = [0, 0, 0]
    }

    init(
        _ database: Database, limits: LedgerLimits, outbox: LedgerEntry.Switch,
        wallTime: @escaping @Sendable () -> Timestamp
    ) throws(LedgerError) {
        self.database = database
        self.limits = limits
        self.outbox = outbox
        self.wallTime = wallTime
        tallies = Tallies()
        let stored = try database.rows("SELECT value FROM meta WHERE key = 'tallies'") {
            Stored.value(Tallies.self, $0.blob(0))
        }
        tallies = stored.first ?? Tallies()
        guard tallies.isPlausible else { throw LedgerError(.damage, "its counts cannot be") }
        // A disk that takes nothing shows now, not with the first alert.
        try transaction { () throws(LedgerError) in try saveTallies() }
    }

    /// All of `writes` in one transaction, in their order. A write that is impossible is left out, and told so.
    /// `lost` has not reached the ledger, and is counted.
    func write(_ writes: [LedgerWrite], lost: LedgerLoss) throws(LedgerError) -> [LedgerReceipt] {
        var impossible: [Int: LedgerReceipt] = [:]
        while true {
            var current = 0
            do throws(LedgerError) {
                return try transaction { () throws(LedgerError) in
                    var receipts: [LedgerReceipt] = []
                    for (index, write) in writes.enumerated() {
                        current = index
                        if let receipt = impossible[index] {
                            receipts.append(receipt)
                        } else {
                            receipts.append(try record(write))
                        }
                    }
                    tallies.dropped += lost
                    try prune()
                    try saveTallies()
                    return receipts
                }
            } catch  where error.kind == .entry && impossible[current] == nil {
                impossible[current] = .failed(error.description)
            }
        }
    }

    func takeLoss() -> LedgerLoss {
        defer { loss = LedgerLoss() }
        return loss
    }

    var hasMoved: Bool { database.hasMoved }

    func close() { database.close() }

    private func record(_ write: LedgerWrite) throws(LedgerError) -> LedgerReceipt {
        var duplicates = 0
        for entry in write.entries { duplicates += try record(entry) }
        let loss = write.loss
        guard loss.total == 0 else {
            return .failed("\(Tray.noRoom): \(loss.total) records of it were thrown away")
        }
        return .durable(duplicates: duplicates)
    }

    /// Returns how many were there before.
    private func record(_ entry: LedgerEntry) throws(LedgerError) -> Int {
        switch entry {
        case .event(let event): try add(event)
        case .alert(let alert): try put(alert)
        case .forgetAlert(let id): try forgetAlert(id)
        case .alertEvent(let event, let isTold): return try add(event, isTold: isTold) ? 0 : 1
        case .told(let ids):
            for id in ids { try database.run("DELETE FROM untold WHERE id = ?", .text(id)) }
        case .measurements(let list): for measurement in list { try add(measurement) }
        case .silence(let silence): try put(silence)
        case .removeSilence(let id):
            try database.run("DELETE FROM silences WHERE id = ?", .integer(id))
        case .maintenance(let maintenance): try put(maintenance)
        case .rollout(let rollout): try put(rollout)
        case .shipped(let sequence): try removeShipped(through: sequence)
        case .refused(let sequences): try removeRefused(sequences)
        case .outbox(let outbox): self.outbox = outbox
        }
        return 0
    }

    private func transaction<Value>(
        _ body: () throws(LedgerError) -> Value
    ) throws(LedgerError) -> Value {
        let before = (tallies, loss, hour, outbox)
        written = Written()
        do throws(LedgerError) {
            try database.run("BEGIN IMMEDIATE")
            let value = try body()
            try database.run("COMMIT")
            try giveBack()
            return value
        } catch {
            (tallies, loss, hour, outbox) = before
            // The error that led here is the one to tell.
            if database.isInTransaction { try? database.execute("ROLLBACK") }
            throw error
        }
    }

    private func saveTallies() throws(LedgerError) {
        try database.run(
            "INSERT OR REPLACE INTO meta (key, value) VALUES ('tallies', ?)",
            .blob(Stored.bytes(tallies)))
    }

    /// What a drained outbox took goes back to the disk, bit by bit.
    private func giveBack() throws(LedgerError) {
        commits += 1
        guard commits % 16 == 0 else { return }
        let spare = try database.number("PRAGMA freelist_count") ?? 0
        guard spare > LedgerLimits.sparePages else { return }
        try database.execute("PRAGMA incremental_vacuum(\(LedgerLimits.sparePages))")
    }
}
