internal import StackModel

extension Store {
    /// Raw values are stored.
    enum OutboxKind: Int64, CaseIterable {
        case measurement = 0
        case event = 1
        case alert = 2
        case rollout = 3
    }

    /// A record of a rollout takes the place of one that still waits.
    func addToOutbox(
        _ kind: OutboxKind, _ body: [UInt8], rollout: Int64? = nil
    ) throws(LedgerError) {
        guard outbox == .on else { return }
        if let rollout { try remove("rollout = ?", .integer(rollout)) }
        try database.run(
            "INSERT INTO outbox (kind, body, rollout) VALUES (?, ?, ?)",
            .integer(kind.rawValue), .blob(body), .optional(rollout))
        tallies.outboxRows += 1
        tallies.outboxBytes += body.count
    }

    var outboxCount: OutboxCount {
        var count = OutboxCount()
        count.records = tallies.outboxRows
        count.bytes = tallies.outboxBytes
        count.dropped = tallies.dropped
        count.lastShipped = tallies.lastShipped.map { Timestamp(nanoseconds: $0) }
        count.share = max(
            Double(tallies.outboxRows) / Double(limits.outboxRowsMax),
            Double(tallies.outboxBytes) / Double(limits.outboxBytesMax))
        return count
    }

    /// In the order of their sequences; at least one where there is any.
    func outbox(
        after sequence: Int64, limit: Int, bytesMax: Int
    ) throws(LedgerError) -> [OutboxRecord] {
        var bytes = 0
        var isFull = false
        return try database.rows(
            "SELECT sequence, kind, body FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?",
            .integer(sequence), .integer(limit)
        ) { row in
            let body = row.blob(2)
            let kind = OutboxKind(rawValue: row.integer(1))
            // A measurement's JSON, which is what will be sent, is longer than what is stored.
            let size = kind == .measurement ? 4 * body.count + 200 : body.count + 64
            isFull = isFull || (bytes > 0 && bytes + size > bytesMax)
            guard !isFull else { return nil }
            bytes += size
            return kind.flatMap { content($0, body) }.map {
                OutboxRecord(sequence: row.integer(0), content: $0)
            }
        }
    }

    func removeShipped(through sequence: Int64) throws(LedgerError) {
        try remove("sequence <= ?", .integer(sequence))
        tallies.lastShipped = wallTime().nanoseconds
    }

    func removeRefused(_ sequences: [Int64]) throws(LedgerError) {
        for sequence in sequences {
            let kind = try database.number(
                "SELECT kind FROM outbox WHERE sequence = ?", .integer(sequence))
            guard let kind = kind.flatMap({ OutboxKind(rawValue: $0) }) else { continue }
            count(try remove("sequence = ?", .integer(sequence)), kind)
        }
    }

    /// When it is full: the oldest measures go first, then the oldest events, then the oldest alert events,
    /// and only then rollouts.
    func pruneOutbox() throws(LedgerError) {
        // A hundredth at once, so that not each further record has to look for room.
        let rows = tallies.outboxRows - limits.outboxRowsMax
        let bytes = tallies.outboxBytes - limits.outboxBytesMax
        guard rows > 0 || bytes > 0 else { return }
        let rowsGoal = limits.outboxRowsMax - limits.outboxRowsMax / 100
        let bytesGoal = limits.outboxBytesMax - limits.outboxBytesMax / 100
        for kind in OutboxKind.allCases {
            while tallies.outboxRows > rowsGoal || tallies.outboxBytes > bytesGoal {
                let mean = max(tallies.outboxBytes / max(tallies.outboxRows, 1), 1)
                let excess = max(
                    tallies.outboxRows - rowsGoal, (tallies.outboxBytes - bytesGoal) / mean, 1)
                let removed = try removeOldest(excess, kind)
                guard removed > 0 else { break }
                count(removed, kind)
            }
        }
    }

    private func removeOldest(_ number: Int, _ kind: OutboxKind) throws(LedgerError) -> Int {
        let last = try database.number(
            """
            SELECT max(sequence) FROM
            (SELECT sequence FROM outbox WHERE kind = ? ORDER BY sequence LIMIT ?)
            """, .integer(kind.rawValue), .integer(number))
        guard let last else { return 0 }
        return try remove("kind = ? AND sequence <= ?", .integer(kind.rawValue), .integer(last))
    }

    @discardableResult
    private func remove(_ which: String, _ values: SQLValue...) throws(LedgerError) -> Int {
        let bytes = try database.rows(
            "SELECT coalesce(sum(length(body)), 0) FROM outbox WHERE \(which)", with: values
        ) { $0.integer(0) }
        let removed = try database.run("DELETE FROM outbox WHERE \(which)", with: values)
        tallies.outboxRows -= removed
        tallies.outboxBytes -= Int(bytes.first ?? 0)
        return removed
    }

    private func count(_ removed: Int, _ kind: OutboxKind) {
        var lost = LedgerLoss()
        switch kind {
        case .measurement: lost.measurements = removed
        case .event: lost.events = removed
        case .alert: lost.alertEvents = removed
        case .rollout: lost.rollouts = removed
        }
        loss += lost
        tallies.dropped += lost
    }

    private func content(_ kind: OutboxKind, _ body: [UInt8]) -> OutboxRecord.Content? {
        switch kind {
        case .measurement: MeasureCoding.record(body).map { .measurement($0) }
        case .event: Stored.value(EventRecord.self, body).map { .event($0) }
        case .alert: Stored.value(AlertEvent.self, body).map { .alert($0) }
        case .rollout: Stored.value(Rollout.self, body).map { .rollout($0) }
        }
    }
}
