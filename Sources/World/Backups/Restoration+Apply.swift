internal import Glibc
internal import LinuxSystem
package import StackModel

extension Restoration {
    /// What came of it.
    package struct Outcome: Equatable, Sendable {
        package var written: [String] = []
        /// Where what was there before is now.
        package var keptAside: [String] = []
    }

    /// Writes everything beside its place first; then one after the other takes its place.
    package func apply(at time: Timestamp) throws(BackupError) -> Outcome {
        var lock: FileLock?
        if replacesLedger {
            try makeDirectory(state, mode: 0o750)
            lock = try FileLock(state + "/lock")
            guard lock != nil else {
                throw BackupError(
                    "an agent uses '\(state)': its ledger cannot be replaced. Stop it "
                        + "('systemctl stop catalystd'), or leave the ledger with --no-ledger")
            }
        }
        defer { withExtendedLifetime(lock) {} }
        let files = archive.manifest.files.filter { file in
            steps.contains { $0.path == file.path && [.new, .changed].contains($0.change) }
        }
        do throws(BackupError) { for file in files { try writeDraft(file) } } catch {
            for file in files { unlink(draft(file.path)) }
            throw BackupError("nothing was changed: \(error)")
        }
        var outcome = Outcome()
        let stamp = ".before-restore-" + time.compact
        if replacesLedger { try setLedgerAside(stamp, &outcome) }
        for file in files { try swap(file.path, stamp, &outcome) }
        try enableSite(&outcome)
        try makeVariableFile(&outcome)
        return outcome
    }

    private func draft(_ path: String) -> String {
        let target = target(path)
        let slash = target.lastIndex(of: "/").map(target.index(after:)) ?? target.startIndex
        return target[..<slash] + "." + target[slash...] + ".restoring"
    }

    private func writeDraft(_ file: BackupManifest.File) throws(BackupError) {
        let target = target(file.path)
        try makeDirectory(target.lastIndex(of: "/").map { String(target[..<$0]) } ?? "/")
        let draft = draft(file.path)
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw BackupError("\(SystemError("write '\(draft)'"))") }
        defer { close(descriptor) }
        if let bytes = archive.contents[file.path] {
            try write(bytes[...], to: descriptor, draft)
        } else {
            var hash = SHA256()
            try archive.read(file.path) { (piece) throws(BackupError) in
                hash.update(piece)
                try write(piece, to: descriptor, draft)
            }
            guard hash.finish() == file.sha256 else {
                throw BackupError("'\(archive.path)' was changed while it was read")
            }
        }
        // Only root may give files away; a name that this machine lacks becomes root's.
        if geteuid() == 0 { fchown(descriptor, file.userID, file.groupID) }
        guard fchmod(descriptor, file.safeMode) == 0, fsync(descriptor) == 0 else {
            throw BackupError("\(SystemError("write '\(draft)'"))")
        }
    }

    private func write(
        _ bytes: ArraySlice<UInt8>, to descriptor: Int32, _ path: String
    ) throws(BackupError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BackupError("\(SystemError("write '\(path)'"))") }
            rest = rest.dropFirst(count)
        }
    }

    private func swap(
        _ path: String, _ stamp: String, _ outcome: inout Outcome
    ) throws(BackupError) {
        let target = target(path)
        if fileExists(target) {
            guard link(target, target + stamp) == 0 else {
                throw BackupError("\(SystemError("keep '\(target)' as '\(target + stamp)'"))")
            }
            outcome.keptAside.append(target + stamp)
        }
        guard rename(draft(path), target) == 0 else {
            throw BackupError("\(SystemError("replace '\(target)'"))")
        }
        outcome.written.append(target)
    }

    /// With what SQLite keeps beside it: a ledger must never meet another one's.
    private func setLedgerAside(
        _ stamp: String, _ outcome: inout Outcome
    ) throws(BackupError) {
        let ledger = target(SavedPlaces.ledger)
        for part in ["-wal", "-shm", ""] where fileExists(ledger + part) {
            guard rename(ledger + part, ledger + stamp + part) == 0 else {
                throw BackupError("\(SystemError("keep '\(ledger + part)' aside"))")
            }
            outcome.keptAside.append(ledger + stamp + part)
        }
    }

    private func enableSite(_ outcome: inout Outcome) throws(BackupError) {
        let link = root + SavedPlaces.enabledSite
        guard steps.contains(Step(path: SavedPlaces.enabledSite, change: .new)) else { return }
        try makeDirectory(link.lastIndex(of: "/").map { String(link[..<$0]) } ?? "/")
        guard symlink(SavedPlaces.site, link) == 0 else {
            throw BackupError("\(SystemError("make the link '\(link)'"))")
        }
        outcome.written.append(link)
    }

    /// Names without values, for somebody to fill in.
    private func makeVariableFile(_ outcome: inout Outcome) throws(BackupError) {
        guard steps.contains(Step(path: SavedPlaces.variableFile, change: .new)) else { return }
        let path = root + SavedPlaces.variableFile
        let example = TextFile.read(root + "/usr/share/catalyst/env.example") ?? ""
        let known = Set(VariableNames.all(in: example))
        let others = archive.manifest.variablesNeeded.filter { !known.contains($0) }
        let text = example + others.map { "\($0)=\n" }.joined()
        try makeDirectory(root + "/etc/catalyst")
        do throws(SystemError) {
            try TextFile.replace(path, with: Array(text.utf8), mode: 0o600)
        } catch { throw BackupError("\(error)") }
        outcome.written.append(path)
    }

    private func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(BackupError) {
        do throws(SystemError) { try Directory.make(path, mode: mode) } catch {
            throw BackupError("\(error)")
        }
    }
}

extension BackupManifest.File {
    /// A backup may name any user: it gets root's files or those of the stack's own users, no other's.
    private static let users = ["catalyst", "www-data", "adm"]

    fileprivate var userID: uid_t {
        Self.users.contains(user) ? getpwnam(user)?.pointee.pw_uid ?? 0 : 0
    }
    fileprivate var groupID: gid_t {
        Self.users.contains(group) ? getgrnam(group)?.pointee.gr_gid ?? 0 : 0
    }
}
