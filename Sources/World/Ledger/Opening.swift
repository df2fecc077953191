internal import Glibc
internal import LinuxSystem
internal import StackModel

/// Finds the ledger at its place, makes it where there is none, and keeps aside what is damaged.
struct Opening {
    let path: String
    let limits: LedgerLimits
    let wallTime: @Sendable () -> Timestamp

    struct Opened {
        let store: Store
        let contents: LedgerContents
        let setAside: (path: String, why: String)?
    }

    func open(outbox: LedgerEntry.Switch) throws(LedgerError) -> Opened {
        do throws(LedgerError) {
            try makeUnlessThere()
            return try opened(outbox, setAside: nil)
        } catch  where error.kind == .damage {
            let aside = try setAside()
            try makeUnlessThere()
            return try opened(outbox, setAside: (aside, error.description))
        }
    }

    /// Moves the ledger, and what SQLite keeps beside it, out of the way.
    func setAside() throws(LedgerError) -> String {
        let stamp = wallTime().rfc3339(digits: 0).filter { $0 != "-" && $0 != ":" }
        var aside = "\(path).corrupt-\(stamp)"
        for number in 2...99 where exists(aside) || exists(aside + "-wal") {
            aside = "\(path).corrupt-\(stamp)-\(number)"
        }
        // The parts first: a new ledger must never meet them.
        for part in ["-wal", "-shm", "-journal", ""] where exists(path + part) {
            guard rename(path + part, aside + part) == 0 else {
                let cause = SystemError("keep '\(path + part)' aside")
                throw LedgerError(.obstacle, "\(cause): let the agent's user write there")
            }
        }
        forgetOldest()
        return aside
    }

    private func opened(
        _ outbox: LedgerEntry.Switch, setAside: (String, String)?
    ) throws(LedgerError) -> Opened {
        let database = try Database(path: path)
        do throws(LedgerError) {
            try Schema.prepare(database)
            let store = try Store(database, limits: limits, outbox: outbox, wallTime: wallTime)
            return Opened(store: store, contents: try store.contents(), setAside: setAside)
        } catch {
            database.close()
            throw error
        }
    }

    /// A new ledger gets its name only when it is whole: an empty file at that place is always damage.
    private func makeUnlessThere() throws(LedgerError) {
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else { throw damage("it is a directory") }
            guard status.st_size > 0 else { throw damage("it is empty") }
            // SQLite would speak of a bad file descriptor.
            guard access(path, R_OK | W_OK) == 0 else {
                let cause = SystemError("write the ledger '\(path)'")
                throw LedgerError(.obstacle, "\(cause): let the agent's user write there")
            }
            return
        }
        if exists(path + "-wal") { throw damage("only '\(path)-wal' is there") }
        try make()
    }

    private func make() throws(LedgerError) {
        let draft = path + ".new"
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        do throws(SystemError) {
            if !folder.isEmpty { try Directory.make(folder, mode: 0o700) }
            for part in ["", "-wal", "-shm", "-journal"] { unlink(draft + part) }
            let descriptor = Glibc.open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw SystemError("make '\(draft)'") }
            Glibc.close(descriptor)
        } catch {
            throw LedgerError(
                .obstacle,
                "cannot make the ledger '\(path)': \(error): let the agent's user write there")
        }
        try fill(draft)
        guard rename(draft, path) == 0 else {
            throw LedgerError(.obstacle, "\(SystemError("make the ledger '\(path)'"))")
        }
        sync(folder.isEmpty ? "/" : folder)
    }

    private func fill(_ draft: String) throws(LedgerError) {
        let database = try Database(path: draft)
        defer { database.close() }
        try Schema.make(in: database)
    }

    /// So that a power cut does not take the new name away.
    private func sync(_ folder: String) {
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
    }

    /// Damage that comes back must not fill the disk.
    private func forgetOldest() {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? "./"
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let asides = Directory.names(in: folder)
            .filter {
                $0.hasPrefix(name + ".corrupt-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm")
            }
            .sorted()
        for aside in asides.dropLast(limits.asideMax) {
            for part in ["", "-wal", "-shm", "-journal"] { unlink(folder + aside + part) }
        }
    }

    private func damage(_ why: String) -> LedgerError {
        LedgerError(.damage, "'\(path)' is no ledger: \(why)")
    }

    private func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}
