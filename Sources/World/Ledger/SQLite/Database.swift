internal import CSQLite
internal import Glibc

/// One connection to a SQLite file, for one thread. Statements are prepared once and kept.
final class Database {
    let path: String
    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]

    /// Opens a file that is there.
    init(path: String) throws(LedgerError) {
        var opened: OpaquePointer?
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
            | SQLITE_OPEN_PRIVATECACHE
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            defer { sqlite3_close_v2(opened) }
            throw LedgerError(code, "open", path, opened)
        }
        self.path = path
        handle = opened
    }

    func close() {
        statements = [:]
        sqlite3_close_v2(handle)
    }

    /// Text of our own, one or more commands; rows are thrown away.
    func execute(_ commands: String) throws(LedgerError) {
        let code = sqlite3_exec(handle, commands, nil, nil, nil)
        guard code == SQLITE_OK else { throw LedgerError(code, "write", path, handle) }
    }

    /// Returns how many rows were changed.
    @discardableResult
    func run(_ command: String, _ values: SQLValue...) throws(LedgerError) -> Int {
        try run(command, with: values)
    }

    @discardableResult
    func run(_ command: String, with values: [SQLValue]) throws(LedgerError) -> Int {
        let statement = try prepared(command, values)
        defer { statement.reset() }
        let code = statement.step()
        guard code == SQLITE_DONE || code == SQLITE_ROW else {
            throw LedgerError(code, "write", path, handle)
        }
        return Int(sqlite3_changes(handle))
    }

    /// What `each` makes of the rows; those it makes nothing of are left out.
    func rows<Value>(
        _ question: String, _ values: SQLValue..., each: (borrowing SQLRow) -> Value?
    ) throws(LedgerError) -> [Value] {
        try rows(question, with: values, each: each)
    }

    func rows<Value>(
        _ question: String, with values: [SQLValue], each: (borrowing SQLRow) -> Value?
    ) throws(LedgerError) -> [Value] {
        let statement = try prepared(question, values)
        defer { statement.reset() }
        var found: [Value] = []
        while true {
            let code = statement.step()
            if code == SQLITE_DONE { return found }
            guard code == SQLITE_ROW else { throw LedgerError(code, "read", path, handle) }
            if let value = each(SQLRow(statement: statement)) { found.append(value) }
        }
    }

    func number(_ question: String, _ values: SQLValue...) throws(LedgerError) -> Int64? {
        let statement = try prepared(question, values)
        defer { statement.reset() }
        let code = statement.step()
        if code == SQLITE_DONE { return nil }
        guard code == SQLITE_ROW else { throw LedgerError(code, "read", path, handle) }
        return SQLRow(statement: statement).integerIfAny(0)
    }

    /// Whether a transaction is under way; SQLite ends some by itself when they fail.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Whether the file at `path` is no longer the one that is open.
    var hasMoved: Bool {
        var moved: Int32 = 0
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
        return code == SQLITE_OK && moved != 0
    }

    private func prepared(_ text: String, _ values: [SQLValue]) throws(LedgerError) -> Statement {
        let statement = try kept(text)
        for (index, value) in values.enumerated() {
            let code = statement.bind(value, at: Int32(index + 1))
            guard code == SQLITE_OK else { throw LedgerError(code, "write", path, handle) }
        }
        return statement
    }

    private func kept(_ text: String) throws(LedgerError) -> Statement {
        if let statement = statements[text] { return statement }
        var made: OpaquePointer?
        let code = sqlite3_prepare_v3(
            handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil)
        guard code == SQLITE_OK, let made else { throw LedgerError(code, "read", path, handle) }
        let statement = Statement(handle: made)
        statements[text] = statement
        return statement
    }
}
