internal import StackModel

extension Store {
    func contents() throws(LedgerError) -> LedgerContents {
        let identity = try database.rows("SELECT value FROM meta WHERE key = 'identity'") {
            $0.text(0)
        }
        guard let identity = identity.first else {
            throw LedgerError(
                .damage, "the ledger '\(database.path)' is damaged: it has no identity")
        }
        let rollouts = try openingRollouts()
        return LedgerContents(
            identity: identity, nextAlertID: tallies.nextAlertID, nextEventID: tallies.nextEventID,
            nextRolloutID: rollouts.next, openRollout: rollouts.open, lastRollout: rollouts.last,
            openAlerts: try alerts(.open), untold: try untold(),
            silences: try silences(), maintenance: try maintenance(),
            lastEventTime: tallies.lastEventTime.map { Timestamp(nanoseconds: $0) },
            outbox: outboxCount)
    }

    func silences() throws(LedgerError) -> [Silence] {
        try database.rows("SELECT body FROM silences ORDER BY id") {
            Stored.value(Silence.self, $0.blob(0))
        }
    }

    func put(_ silence: Silence) throws(LedgerError) {
        try database.run(
            "INSERT OR REPLACE INTO silences (id, body) VALUES (?, ?)",
            .integer(silence.id), .blob(Stored.bytes(silence)))
    }

    func maintenance() throws(LedgerError) -> Maintenance? {
        try database.rows("SELECT value FROM meta WHERE key = 'maintenance'") {
            Stored.value(Maintenance.self, $0.blob(0))
        }.first
    }

    func put(_ maintenance: Maintenance?) throws(LedgerError) {
        guard let maintenance else {
            try database.run("DELETE FROM meta WHERE key = 'maintenance'")
            return
        }
        try database.run(
            "INSERT OR REPLACE INTO meta (key, value) VALUES ('maintenance', ?)",
            .blob(Stored.bytes(maintenance)))
    }

    /// Of the ledger on disk, without the file beside it.
    func sizeBytes() throws(LedgerError) -> Int {
        let pages = try database.number("PRAGMA page_count") ?? 0
        return Int(pages * (try database.number("PRAGMA page_size") ?? 0))
    }
}
