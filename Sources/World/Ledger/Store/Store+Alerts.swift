internal import StackModel

extension Store {
    func put(_ alert: Alert) throws(LedgerError) {
        try database.run(
            """
            INSERT OR REPLACE INTO alerts (id, state, subject, since, fired, resolved, body)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            .integer(alert.id), .integer(alert.state.number), .text(alert.subject.description),
            .integer(alert.since.nanoseconds), .optional(alert.firedAt?.nanoseconds),
            .optional(alert.resolvedAt?.nanoseconds), .blob(Stored.bytes(alert.storable)))
        tallies.nextAlertID = max(tallies.nextAlertID, alert.id + 1)
        written.alerts += 1
    }

    func forgetAlert(_ id: Int64) throws(LedgerError) {
        try database.run("DELETE FROM alerts WHERE id = ?", .integer(id))
        tallies.alertEvents -= try database.run(
            "DELETE FROM alert_events WHERE alert = ?", .integer(id))
    }

    /// False: it had been there before.
    func add(_ event: AlertEvent, isTold: Bool) throws(LedgerError) -> Bool {
        let body = try Stored.bytes(event.storable)
        let added = try database.run(
            "INSERT OR IGNORE INTO alert_events (id, alert, body) VALUES (?, ?, ?)",
            .text(event.id), .integer(event.alert.id), .blob(body))
        guard added > 0 else { return false }
        if isTold { try database.run("INSERT INTO untold (id) VALUES (?)", .text(event.id)) }
        tallies.alertEvents += 1
        tallies.nextAlertID = max(tallies.nextAlertID, event.alert.id + 1)
        written.alerts += 1
        try addToOutbox(.alert, body)
        return true
    }

    func untold() throws(LedgerError) -> [AlertEvent] {
        try database.rows(
            """
            SELECT body FROM untold JOIN alert_events USING (id) ORDER BY sequence DESC LIMIT ?
            """, .integer(LedgerLimits.untoldMax)
        ) { Stored.value(AlertEvent.self, $0.blob(0)) }.reversed()
    }

    /// Newest first, but open ones before all others.
    func alerts(_ choice: AlertChoice) throws(LedgerError) -> [Alert] {
        let open = try database.rows("SELECT body FROM alerts WHERE state < 2 ORDER BY id") {
            Stored.value(Alert.self, $0.blob(0))
        }
        let since: Timestamp
        switch choice {
        case .open: return open
        case .since(let time): since = time
        }
        let resolved = try database.rows(
            """
            SELECT body FROM alerts WHERE state = 2 AND resolved >= ? ORDER BY id DESC LIMIT ?
            """,
            .integer(since.nanoseconds), .integer(limits.resolvedAlertsMax)
        ) { Stored.value(Alert.self, $0.blob(0)) }
        return open + resolved
    }

    func alert(_ id: Int64) throws(LedgerError) -> (alert: Alert, events: [AlertEvent])? {
        let alert = try database.rows("SELECT body FROM alerts WHERE id = ?", .integer(id)) {
            Stored.value(Alert.self, $0.blob(0))
        }.first
        guard let alert else { return nil }
        let events = try database.rows(
            "SELECT body FROM alert_events WHERE alert = ? ORDER BY sequence", .integer(id)
        ) { Stored.value(AlertEvent.self, $0.blob(0)) }
        return (alert, events)
    }
}

extension Alert.State {
    fileprivate var number: Int {
        switch self {
        case .pending: 0
        case .firing: 1
        case .resolved: 2
        }
    }
}
