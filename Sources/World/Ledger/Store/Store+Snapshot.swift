internal import Glibc
internal import LinuxSystem

extension Store {
    /// Copies are named `snapshot-….sqlite`, and lie beside the ledger or elsewhere; one at a time is kept.
    func snapshot(to path: String) throws(LedgerError) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? "./"
        for name in Directory.names(in: folder)
        where name.hasPrefix("snapshot-") && name.contains(".sqlite") {
            unlink(folder + name)
        }
        // SQLite takes an empty file: made here, nobody else can ever read it.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw LedgerError(.entry, "\(SystemError("make '\(path)'"))")
        }
        Glibc.close(descriptor)
        do throws(LedgerError) {
            try database.run("VACUUM INTO ?", .text(path))
        } catch {
            for part in ["", "-journal"] { unlink(path + part) }
            // The copy failed; that says nothing of the ledger, unless it is damaged.
            guard error.kind == .damage else {
                throw LedgerError(.entry, "cannot copy the ledger to '\(path)': \(error)")
            }
            throw error
        }
    }
}
