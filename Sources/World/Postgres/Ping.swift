internal import CPostgres
internal import Glibc

/// Why Postgres gave no answer, or a bad one. Never holds the password.
package enum PostgresError: Error, Equatable {
    case malformedURL
    /// Our own side is at fault, in words.
    case unable(String)
    case timedOut
    /// libpq's or the server's words.
    case failed(String)
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedURL:
            "cannot read the URL: it is not of the form 'postgres://user:password@host:port/database'"
        case .unable(let words), .failed(let words): words
        case .timedOut: "no answer in time"
        }
    }
}

/// Connects as the URL asks (TLS included), runs `SELECT 1` and hangs up, within `limit`. Blocks
/// its thread.
package func ping(postgres url: String, within limit: Duration) throws(PostgresError) {
    let connection = try PostgresConnection(to: url, by: .now + limit)
    try connection.run("SELECT 1")
}
