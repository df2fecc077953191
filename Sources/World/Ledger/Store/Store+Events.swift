internal import StackModel

extension Store {
    func add(_ event: EventRecord) throws(LedgerError) {
        try database.run(
            """
            INSERT INTO events (id, time, service, kind, priority, message)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            .integer(Int64(bitPattern: event.id)), .integer(event.time.nanoseconds),
            .optional(event.service?.text), .text(event.kind.rawValue),
            .integer(event.priority.rawValue), .text(event.message))
        tallies.events += 1
        tallies.nextEventID = max(tallies.nextEventID, event.id &+ 1)
        tallies.lastEventTime = event.time.nanoseconds
        written.rows += 1
        if outbox == .on { try addToOutbox(.event, Stored.bytes(event)) }
    }

    /// The newest `tail`, oldest first.
    func events(
        of service: ServiceName?, since: Timestamp?, tail: Int
    ) throws(LedgerError) -> [EventRecord] {
        try database.rows(
            """
            SELECT id, time, service, kind, priority, message FROM events
            WHERE (?1 IS NULL OR service = ?1) AND (?2 IS NULL OR time >= ?2)
            ORDER BY sequence DESC LIMIT ?3
            """,
            .optional(service?.text), .optional(since?.nanoseconds),
            .integer(min(max(tail, 0), LedgerLimits.answerRowsMax)), each: event
        ).reversed()
    }

    private func event(_ row: borrowing SQLRow) -> EventRecord? {
        guard let kind = EventRecord.Kind(rawValue: row.text(3)),
            let priority = EventRecord.Priority(rawValue: Int(row.integer(4)))
        else { return nil }
        return EventRecord(
            id: UInt64(bitPattern: row.integer(0)), time: Timestamp(nanoseconds: row.integer(1)),
            service: row.textIfAny(2).map { ServiceName($0) }, kind: kind, priority: priority,
            message: row.text(5))
    }
}
