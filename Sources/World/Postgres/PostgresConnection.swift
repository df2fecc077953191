internal import CPostgres
internal import Glibc

/// A connection: libpq's asynchronous calls, waited for with poll(2), each before a deadline.
///
/// Blocks its thread. Used by one thread at a time. After an error other than the server's "no" it
/// is of no use any more.
package final class PostgresConnection {
    let library: catalyst_libpq
    let connection: OpaquePointer
    private let url: PostgresURL
    private let notices = Notices()

    package init(
        to url: PostgresURL, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) {
        library = try loaded.get()
        self.url = url
        guard let connection = start(url, library) else { throw .unable("out of memory") }
        self.connection = connection
        _ = library.PQsetNoticeProcessor(
            connection,
            { notices, text in
                guard let notices, let text else { return }
                Unmanaged<Notices>.fromOpaque(notices).takeUnretainedValue()
                    .add(String(cString: text))
            }, Unmanaged.passUnretained(notices).toOpaque())
        guard library.PQstatus(connection) != CONNECTION_BAD else { throw lastError }
        try connect(by: deadline)
        _ = library.PQsetnonblocking(connection, 1)
    }

    deinit { library.PQfinish(connection) }

    package var isEncrypted: Bool { library.PQsslInUse(connection) == 1 }

    /// What the server remarked since it was asked last, without secrets.
    package func takeNotices() -> [String] { notices.take().map(url.redacted) }

    /// Rows of text; NULL is nil.
    package func query(
        _ statement: String, _ parameters: [String?] = [], by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> [[String?]] {
        let isSent = Parameters(parameters).withPointers { values in
            library.PQsendQueryParams(
                connection, statement, CInt(parameters.count), nil, values, nil, nil, 0)
        }
        guard isSent == 1 else { throw lastError }
        return try answer(by: deadline)
    }

    /// One or more statements; stops at the first that fails, and leaves no transaction open then.
    package func run(
        script: String, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) {
        guard library.PQsendQuery(connection, script) == 1 else { throw lastError }
        do throws(PostgresError) {
            _ = try answer(by: deadline)
        } catch {
            guard library.PQstatus(connection) == CONNECTION_OK, error != .timedOut,
                library.PQsendQuery(connection, "ROLLBACK") == 1
            else { throw error }
            _ = try answer(by: deadline)
            throw error
        }
    }

    /// All results of what was sent; the rows of the last, or the first error.
    private func answer(
        by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> [[String?]] {
        try flush(by: deadline)
        var rows: [[String?]] = []
        var failure: PostgresError?
        while let result = try nextResult(by: deadline) {
            defer { library.PQclear(result) }
            let status = library.PQresultStatus(result)
            if status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK {
                rows = self.rows(of: result)
            } else if failure == nil {
                failure = error(of: result)
            }
        }
        if let failure { throw failure }
        return rows
    }

    private func rows(of result: OpaquePointer) -> [[String?]] {
        let columns = 0..<library.PQnfields(result)
        return (0..<library.PQntuples(result)).map { row in
            columns.map { column in
                guard library.PQgetisnull(result, row, column) == 0 else { return nil }
                return library.PQgetvalue(result, row, column).map { String(cString: $0) }
            }
        }
    }

    /// Sends all; reads meanwhile, so that neither side waits for the other.
    func flush(by deadline: ContinuousClock.Instant) throws(PostgresError) {
        while true {
            let pending = library.PQflush(connection)
            guard pending >= 0 else { throw lastError }
            if pending == 0 { return }
            try wait(for: POLLIN | POLLOUT, by: deadline)
            guard library.PQconsumeInput(connection) == 1 else { throw lastError }
        }
    }

    /// To be cleared by the caller.
    func nextResult(
        by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> OpaquePointer? {
        while library.PQisBusy(connection) == 1 {
            try wait(for: POLLIN, by: deadline)
            guard library.PQconsumeInput(connection) == 1 else { throw lastError }
        }
        return library.PQgetResult(connection)
    }

    private func connect(by deadline: ContinuousClock.Instant) throws(PostgresError) {
        // As if it had asked to write: the manual's rule for the first round.
        var progress = PGRES_POLLING_WRITING
        while progress != PGRES_POLLING_OK {
            switch progress {
            case PGRES_POLLING_READING: try wait(for: POLLIN, by: deadline)
            case PGRES_POLLING_WRITING: try wait(for: POLLOUT, by: deadline)
            default: throw lastError
            }
            progress = library.PQconnectPoll(connection)
        }
    }

    private func wait(
        for events: CInt, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) {
        while true {
            let milliseconds = deadline.millisecondsLeft
            guard milliseconds > 0 else { throw .timedOut }
            var entry = pollfd(fd: library.PQsocket(connection), events: Int16(events), revents: 0)
            let ready = poll(&entry, 1, CInt(clamping: milliseconds))
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw .failed("lost the connection") }
        }
    }

    var lastError: PostgresError {
        let words = library.PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        return .failed(words.isEmpty ? "connection failed" : url.redacted(words))
    }

    func error(of result: OpaquePointer) -> PostgresError {
        let words = library.PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
        // PG_DIAG_SQLSTATE.
        let state = library.PQresultErrorField(result, CInt(UInt8(ascii: "C")))
        return .failed(
            words.isEmpty ? "lost the connection" : url.redacted(words),
            state: state.map { String(cString: $0) })
    }
}

/// Begins to connect; nil: no memory.
private func start(_ url: PostgresURL, _ library: catalyst_libpq) -> OpaquePointer? {
    // What stands behind the URL wins over it.
    let settings = [
        ("fallback_application_name", "catalyst"), ("dbname", url.text),
        ("client_encoding", "UTF8"),
    ]
    return Parameters(settings.map(\.0) + [nil]).withPointers { names in
        Parameters(settings.map(\.1) + [nil]).withPointers { values in
            library.PQconnectStartParams(names, values, 1)
        }
    }
}

/// Remarks of the server, as many as a person reads.
private final class Notices {
    private static let linesMax = 100
    private var lines: [String] = []

    func add(_ line: String) {
        if lines.count < Self.linesMax { lines.append(line) }
    }

    func take() -> [String] {
        defer { lines = [] }
        return lines
    }
}

extension ContinuousClock.Instant {
    /// Rounded up; 0 when it is over.
    var millisecondsLeft: Int64 {
        let (seconds, attoseconds) = (self - .now).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return min(seconds, 3600) * 1000 + attoseconds / 1_000_000_000_000_000 + 1
    }
}
