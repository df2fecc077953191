internal import StackModel

extension Store {
    func put(_ rollout: Rollout) throws(LedgerError) {
        let body = try Stored.bytes(rollout.storable)
        try database.run(
            """
            INSERT OR REPLACE INTO rollouts (id, state, is_over, started, body)
            VALUES (?, ?, ?, ?, ?)
            """,
            .integer(rollout.id), .text(rollout.state.rawValue),
            .integer(rollout.state.isOver ? 1 : 0), .integer(rollout.startedAt.nanoseconds),
            .blob(body))
        written.rollouts += 1
        try addToOutbox(.rollout, body, rollout: rollout.id)
    }

    /// The newest `limit`, newest first.
    func rollouts(limit: Int) throws(LedgerError) -> [Rollout] {
        try database.rows(
            "SELECT body FROM rollouts ORDER BY id DESC LIMIT ?",
            .integer(min(max(limit, 0), LedgerLimits.answerRowsMax))
        ) { Stored.value(Rollout.self, $0.blob(0)) }
    }

    func rollout(_ id: Int64) throws(LedgerError) -> Rollout? {
        try database.rows("SELECT body FROM rollouts WHERE id = ?", .integer(id)) {
            Stored.value(Rollout.self, $0.blob(0))
        }.first
    }

    /// What a new agent goes on with. An open one with a later one behind it is not gone on with: much has changed
    /// since then. `last`: the newest that says how things stand, which one that was cancelled does not.
    func openingRollouts() throws(LedgerError) -> (next: Int64, open: Rollout?, last: Rollout?) {
        let newest = try database.number("SELECT max(id) FROM rollouts") ?? 0
        let last = try database.rows(
            """
            SELECT body FROM rollouts WHERE is_over = 1 AND state <> 'cancelled'
            ORDER BY id DESC LIMIT 1
            """
        ) { Stored.value(Rollout.self, $0.blob(0)) }.first
        let open = try rollout(newest).flatMap { $0.state.isOver ? nil : $0 }
        return (newest + 1, open, last)
    }
}

extension Rollout {
    /// As it can be stored: nobody needs a megabyte of lines.
    fileprivate var storable: Rollout {
        var rollout = self
        if let failure { rollout.failure?.lines = failure.lines.keptForStorage }
        return rollout
    }
}
