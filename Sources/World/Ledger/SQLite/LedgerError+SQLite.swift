internal import CSQLite
internal import Glibc

extension LedgerError {
    /// What SQLite's `code` means for the ledger at `path`.
    init(_ code: Int32, _ action: String, _ path: String, _ database: OpaquePointer?) {
        let primary = code & 0xff
        let kind: Kind =
            switch primary {
            case SQLITE_CORRUPT, SQLITE_NOTADB: .damage
            case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_RANGE: .entry
            default: .obstacle
            }
        var cause = String(cString: sqlite3_errstr(primary))
        let system = database.map { sqlite3_system_errno($0) } ?? 0
        if [SQLITE_IOERR, SQLITE_CANTOPEN].contains(primary), system != 0 {
            cause = String(cString: strerror(system)).lowercasingFirst
        }
        let remedy = Self.remedy(primary, path, isFull: system == ENOSPC || system == EDQUOT)
        self.init(kind, "cannot \(action) the ledger '\(path)': \(cause)\(remedy)")
    }

    private static func remedy(_ code: Int32, _ path: String, isFull: Bool) -> String {
        switch code {
        case SQLITE_FULL: ": make room on its disk"
        case SQLITE_IOERR where isFull: ": make room on its disk"
        case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM:
            ": let the agent's user write there ('ls -ld' shows who may)"
        case SQLITE_BUSY, SQLITE_LOCKED: ": end the other program that has it open"
        case SQLITE_IOERR: ": 'dmesg' may say what is wrong with its disk"
        default: ""
        }
    }
}

extension String {
    fileprivate var lowercasingFirst: String { prefix(1).lowercased() + dropFirst() }
}
