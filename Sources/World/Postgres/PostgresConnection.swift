internal import CPostgres
internal import Glibc

/// One connection, all of its life before one deadline: libpq's asynchronous calls, waited for with
/// poll(2).
///
/// Blocks its thread. Used by one thread at a time.
final class PostgresConnection {
    private let library: catalyst_libpq
    private let connection: OpaquePointer
    private let deadline: ContinuousClock.Instant
    private let secret: String?

    init(to url: String, by deadline: ContinuousClock.Instant) throws(PostgresError) {
        library = try loaded.get()
        secret = try password(in: url, library)
        guard let connection = library.PQconnectStart(url) else { throw .unable("out of memory") }
        self.connection = connection
        self.deadline = deadline
        guard library.PQstatus(connection) != CONNECTION_BAD else { throw .failed(lastError) }
        try connect()
        _ = library.PQsetnonblocking(connection, 1)
    }

    deinit { library.PQfinish(connection) }

    /// Runs one statement and throws away what it returns.
    func run(_ statement: String) throws(PostgresError) {
        guard library.PQsendQuery(connection, statement) == 1 else { throw .failed(lastError) }
        while true {
            let pending = library.PQflush(connection)
            guard pending >= 0 else { throw .failed(lastError) }
            if pending == 0 { break }
            try wait(for: POLLIN | POLLOUT)
            guard library.PQconsumeInput(connection) == 1 else { throw .failed(lastError) }
        }
        while true {
            while library.PQisBusy(connection) == 1 {
                try wait(for: POLLIN)
                guard library.PQconsumeInput(connection) == 1 else { throw .failed(lastError) }
            }
            guard let result = library.PQgetResult(connection) else { return }
            let status = library.PQresultStatus(result)
            library.PQclear(result)
            guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else {
                throw .failed(lastError)
            }
        }
    }

    private func connect() throws(PostgresError) {
        // As if it had asked to write: the manual's rule for the first round.
        var progress = PGRES_POLLING_WRITING
        while progress != PGRES_POLLING_OK {
            switch progress {
            case PGRES_POLLING_READING: try wait(for: POLLIN)
            case PGRES_POLLING_WRITING: try wait(for: POLLOUT)
            default: throw .failed(lastError)
            }
            progress = library.PQconnectPoll(connection)
        }
    }

    private func wait(for events: CInt) throws(PostgresError) {
        while true {
            let left = deadline - .now
            guard left > .zero else { throw .timedOut }
            let (seconds, attoseconds) = left.components
            let milliseconds = min(
                seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1, 3_600_000)
            var entry = pollfd(fd: library.PQsocket(connection), events: Int16(events), revents: 0)
            let ready = poll(&entry, 1, CInt(milliseconds))
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw .failed("lost the connection") }
        }
    }

    /// One line, without the password.
    private var lastError: String {
        let text = library.PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.isEmpty ? "connection failed" : redacted(line, secret)
    }
}

/// libpq, loaded when it is first needed.
private let loaded: Result<catalyst_libpq, PostgresError> = {
    var table = catalyst_libpq()
    guard let reason = catalyst_libpq_load(&table) else { return .success(table) }
    return .failure(.unable("cannot load libpq: \(String(cString: reason))"))
}()

/// The password in a URL. libpq quotes a malformed URL in its message, so nothing of that message
/// is kept.
private func password(in url: String, _ library: catalyst_libpq) throws(PostgresError) -> String? {
    var complaint: UnsafeMutablePointer<CChar>?
    guard let options = library.PQconninfoParse(url, &complaint) else {
        library.PQfreemem(complaint)
        throw .malformedURL
    }
    defer { library.PQconninfoFree(options) }
    var option = options
    while let keyword = option.pointee.keyword {
        if strcmp(keyword, "password") == 0 {
            return option.pointee.val.map { String(cString: $0) }
        }
        option += 1
    }
    return nil
}

func redacted(_ text: String, _ secret: String?) -> String {
    guard let secret, !secret.isEmpty else { return text }
    var result = ""
    var rest = text[...]
    while let range = rest.firstRange(of: secret) {
        result += rest[..<range.lowerBound] + "•••"
        rest = rest[range.upperBound...]
    }
    return result + rest
}
