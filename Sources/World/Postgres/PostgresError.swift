/// Why Postgres gave no answer, or a bad one. Never holds the password.
package enum PostgresError: Error, Equatable {
    case malformedURL
    /// Our own side is at fault, in words.
    case unable(String)
    case timedOut
    /// libpq's or the server's words; `state` is the SQLSTATE of what the server said.
    case failed(String, state: String? = nil)
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedURL:
            """
            cannot read the URL: it is not of the form \
            'postgres://user:password@host:port/database' ('@', ':', '/' and '%' in a password \
            are written %40, %3A, %2F and %25)
            """
        case .unable(let words), .failed(let words, _): words
        case .timedOut: "no answer in time"
        }
    }
}

extension PostgresError {
    /// A table, column or schema is not there.
    package var isSchemaMissing: Bool {
        ["42P01", "3F000", "42703", "42883", "42P10"].contains(state)
    }
    package var isPermissionDenied: Bool { state == "42501" }
    /// The server will never take these values, however often it is asked.
    package var isRefusal: Bool {
        state.map { $0.hasPrefix("22") || $0.hasPrefix("23") } ?? false
    }
    /// The database cannot be used, as against "we cannot ask it".
    package var meansAway: Bool {
        switch self {
        case .malformedURL, .unable: false
        case .timedOut, .failed: true
        }
    }
    /// As a connection is that was open when its server was started again: a new one may work.
    var isConnectionLost: Bool {
        guard case .failed(_, let state) = self else { return false }
        return state.map { $0.hasPrefix("57P") || $0.hasPrefix("08") } ?? true
    }
    private var state: String? {
        if case .failed(_, let state) = self { state } else { nil }
    }
}
