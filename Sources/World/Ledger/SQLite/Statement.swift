internal import CSQLite

enum SQLValue {
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    case null

    static func integer(_ number: Int) -> SQLValue { .integer(Int64(number)) }
    static func optional(_ number: Int64?) -> SQLValue { number.map { .integer($0) } ?? .null }
    static func optional(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }
}

/// A prepared statement.
final class Statement {
    fileprivate let handle: OpaquePointer

    init(handle: OpaquePointer) { self.handle = handle }
    deinit { sqlite3_finalize(handle) }

    func step() -> Int32 { sqlite3_step(handle) }

    func reset() {
        sqlite3_reset(handle)
        // What was bound is not kept in memory until the next time.
        sqlite3_clear_bindings(handle)
    }

    func bind(_ value: SQLValue, at index: Int32) -> Int32 {
        // SQLITE_TRANSIENT: SQLite makes a copy.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .integer(let number): return sqlite3_bind_int64(handle, index, number)
        case .text(let text):
            return sqlite3_bind_text(handle, index, text, Int32(text.utf8.count), copied)
        case .blob(let bytes):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(handle, index, 0) }
            return sqlite3_bind_blob(handle, index, bytes, Int32(bytes.count), copied)
        case .null: return sqlite3_bind_null(handle, index)
        }
    }
}

/// The row that a statement stands at.
struct SQLRow: ~Copyable {
    fileprivate let handle: OpaquePointer

    init(statement: Statement) { handle = statement.handle }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func integerIfAny(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : integer(column)
    }

    func text(_ column: Int32) -> String { String(decoding: blob(column), as: UTF8.self) }
    func textIfAny(_ column: Int32) -> String? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : text(column)
    }

    func blob(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(sqlite3_column_bytes(handle, column))
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }
}
