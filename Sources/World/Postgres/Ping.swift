/// Connects as the URL asks (TLS included), runs `SELECT 1` and hangs up, within `limit`. Blocks
/// its thread.
package func ping(postgres url: String, within limit: Duration) throws(PostgresError) {
    let url = try PostgresURL(url)
    let deadline = ContinuousClock.now + limit
    try Turnstile.shared.pass(to: url, by: deadline) { () throws(PostgresError) in
        let connection = try PostgresConnection(to: url, by: deadline)
        _ = try connection.query("SELECT 1", by: deadline)
    }
}
