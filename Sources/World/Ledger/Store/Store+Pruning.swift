internal import StackModel

/// Old things go bit by bit, with each write, so that none waits long.
extension Store {
    func prune() throws(LedgerError) {
        for resolution in Resolution.allCases { try prune(resolution) }
        try pruneEvents()
        try pruneAlerts()
        try pruneRollouts()
        try pruneOutbox()
    }

    /// By the clock, but never more than four times what was written: a clock that is a year wrong for ten minutes
    /// costs forty minutes of the past, not all of it. What it dated into the future goes in the same way.
    private func prune(_ resolution: Resolution) throws(LedgerError) {
        let written = written.measurements[Int(resolution.rawValue)]
        guard written > 0 else { return }
        let oldest = wallTime() - resolution.retention
        try remove(resolution, "time < ?2", oldest, limit: 4 * written)
        try remove(resolution, "time > ?2", horizon, limit: 4 * written)
        let excess = tallies[resolution] - limits.rowsMax(resolution)
        guard excess > 0 else { return }
        try remove(
            resolution, "time > ?2", Timestamp(nanoseconds: .min),
            limit: min(excess, rowsMax(written)))
    }

    private func remove(
        _ resolution: Resolution, _ which: String, _ time: Timestamp, limit: Int
    ) throws(LedgerError) {
        tallies[resolution] -= try database.run(
            """
            DELETE FROM measurements WHERE resolution = ?1 AND (time, subject) IN (
                SELECT time, subject FROM measurements WHERE resolution = ?1 AND \(which)
                ORDER BY time LIMIT ?3)
            """,
            .integer(Int64(resolution.rawValue)), .integer(time.nanoseconds), .integer(limit))
    }

    private func pruneEvents() throws(LedgerError) {
        let excess = tallies.events - limits.eventsMax
        guard excess > 0 else { return }
        tallies.events -= try database.run(
            """
            DELETE FROM events WHERE sequence IN (
                SELECT sequence FROM events ORDER BY sequence LIMIT ?)
            """, .integer(min(excess, rowsMax(written.rows))))
    }

    private func pruneAlerts() throws(LedgerError) {
        guard written.alerts > 0 else { return }
        let excess = tallies.alertEvents - limits.alertEventsMax
        if excess > 0 {
            tallies.alertEvents -= try database.run(
                """
                DELETE FROM alert_events WHERE sequence IN (
                    SELECT sequence FROM alert_events ORDER BY sequence LIMIT ?)
                """, .integer(min(excess, rowsMax(written.alerts))))
        }
        let resolved = try database.number("SELECT count(*) FROM alerts WHERE state = 2") ?? 0
        let old = Int(resolved) - limits.resolvedAlertsMax
        guard old > 0 else { return }
        let oldest = "SELECT id FROM alerts WHERE state = 2 ORDER BY id LIMIT ?"
        let limit = SQLValue.integer(min(old, rowsMax(written.alerts)))
        tallies.alertEvents -= try database.run(
            "DELETE FROM alert_events WHERE alert IN (\(oldest))", limit)
        try database.run("DELETE FROM alerts WHERE id IN (\(oldest))", limit)
    }

    private func pruneRollouts() throws(LedgerError) {
        guard written.rollouts > 0 else { return }
        try database.run(
            """
            DELETE FROM rollouts WHERE id IN (
                SELECT id FROM rollouts ORDER BY id DESC LIMIT ? OFFSET ?)
            """,
            .integer(rowsMax(written.rollouts)), .integer(limits.rolloutsMax))
    }

    private func rowsMax(_ written: Int) -> Int { max(limits.pruneRowsMax, 2 * written) }
}
