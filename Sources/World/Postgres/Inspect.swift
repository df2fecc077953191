package import StackModel

/// Connects anew, and tells what can be learnt of the server and the database. What this user may
/// not see stays at its default. Blocks its thread, for `limit` at most.
package func inspect(
    postgres url: String, within limit: Duration
) throws(PostgresError) -> PostgresFacts {
    let url = try PostgresURL(url)
    let deadline = ContinuousClock.now + limit
    return try Turnstile.shared.pass(to: url, by: deadline) { () throws(PostgresError) in
        let began = ContinuousClock.now
        let connection = try PostgresConnection(to: url, by: deadline)
        let connected = ContinuousClock.now
        _ = try connection.query("SELECT 1", by: deadline)
        var facts = PostgresFacts()
        facts.connectLatency = connected - began
        facts.queryLatency = .now - connected
        facts.isEncrypted = connection.isEncrypted
        facts.wantsEncryption = url.wantsEncryption
        try learn(&facts, over: connection, by: deadline)
        return facts
    }
}

private func learn(
    _ facts: inout PostgresFacts, over connection: PostgresConnection,
    by deadline: ContinuousClock.Instant
) throws(PostgresError) {
    func value(_ statement: String) throws(PostgresError) -> String? {
        do throws(PostgresError) {
            return try connection.query(statement, by: deadline).first?.first ?? nil
        } catch {
            // The server said no to this one; the others may be answered.
            if case .failed(_, .some) = error { return nil }
            throw error
        }
    }
    _ = try value("SET statement_timeout = \(max(1, deadline.millisecondsLeft))")
    facts.serverVersion = try value("SHOW server_version") ?? ""
    facts.connections = try value(connectionCount).flatMap { Int($0) } ?? 0
    facts.connectionLimit = try value(connectionLimit).flatMap { Int($0) } ?? 0
    facts.databaseSize =
        try value("SELECT pg_database_size(current_database())").flatMap { Int64($0) } ?? 0
    facts.schemaVersion =
        try value("SELECT max(version) FROM ops.migrations").flatMap { Int($0) } ?? 0
}

/// Of clients. What kind of process it is, is hidden from ordinary users where it is not theirs.
private let connectionCount = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
    """

/// Those that are for everybody.
private let connectionLimit = """
    SELECT current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0)
    """
