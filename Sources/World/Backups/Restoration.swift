internal import Glibc
internal import LinuxSystem

/// What bringing a backup back would change on this machine, file by file.
package struct Restoration {
    package enum Change: String, Encodable, Sendable {
        case new, changed, same
        /// Not brought back.
        case left
    }

    package struct Step: Equatable, Encodable, Sendable {
        package var path: String
        package var change: Change
        /// Why it is left.
        package var why: String?
    }

    package let archive: BackupArchive
    package private(set) var steps: [Step] = []
    /// Variables that have no value in `.env` yet.
    package private(set) var variablesMissing: [String] = []
    let root: String
    let state: String

    /// `state` is this machine's state directory, below `root` or elsewhere.
    package init(of archive: BackupArchive, root: String, state: String, hasLedger: Bool)
        throws(BackupError)
    {
        self.archive = archive
        self.root = root
        self.state = state
        for file in archive.manifest.files {
            let isLedger = SavedPlaces.ledgerParts.contains(file.path)
            if isLedger, !hasLedger {
                steps.append(Step(path: file.path, change: .left, why: "--no-ledger"))
            } else if let why = obstacle(file.path) {
                steps.append(Step(path: file.path, change: .left, why: why))
            } else {
                steps.append(Step(path: file.path, change: try change(file)))
            }
        }
        joinLedger()
        if archive.manifest.isSiteEnabled, contains(SavedPlaces.site) {
            let isThere = fileExists(root + SavedPlaces.enabledSite)
            steps.append(Step(path: SavedPlaces.enabledSite, change: isThere ? .same : .new))
        }
        let variables = TextFile.read(root + SavedPlaces.variableFile)
        if variables == nil { steps.append(Step(path: SavedPlaces.variableFile, change: .new)) }
        let given = VariableNames.given(in: variables ?? "")
        variablesMissing = archive.manifest.variablesNeeded.filter { !given.contains($0) }
    }

    package var isNeeded: Bool { steps.contains { $0.change == .new || $0.change == .changed } }

    /// Whether the ledger would be replaced, which no agent may use meanwhile.
    package var replacesLedger: Bool {
        steps.contains { isLedger($0.path) && [.new, .changed].contains($0.change) }
    }

    /// Whether an agent uses the state directory now.
    package func isAgentRunning() throws(BackupError) -> Bool {
        guard fileExists(state + "/lock") else { return false }
        return try FileLock(state + "/lock") == nil
    }

    func isLedger(_ path: String) -> Bool { SavedPlaces.ledgerParts.contains(path) }

    /// Where a file of the backup comes to.
    func target(_ path: String) -> String {
        isLedger(path)
            ? state + path.dropFirst(SavedPlaces.stateDirectory.count) : root + path
    }

    /// The ledger's files are one thing: all of them come back, or none.
    private mutating func joinLedger() {
        let hasForeignPart = SavedPlaces.ledgerParts.contains {
            !contains($0) && fileExists(target($0))
        }
        let ledger = steps.indices.filter { isLedger(steps[$0].path) && steps[$0].change != .left }
        guard replacesLedger || hasForeignPart else { return }
        for index in ledger where steps[index].change == .same { steps[index].change = .changed }
    }

    private func contains(_ path: String) -> Bool {
        archive.manifest.files.contains { $0.path == path }
    }

    private func obstacle(_ path: String) -> String? {
        guard path.hasPrefix(SavedPlaces.renewals + "/") else { return nil }
        let name = path.dropFirst(SavedPlaces.renewals.count + 1).dropLast(".conf".count)
        // certbot fails where it finds the one without the other.
        return fileExists(root + "/etc/letsencrypt/live/" + name)
            ? nil : "no certificate '\(name)' here yet: let certbot get one"
    }

    private func change(_ file: BackupManifest.File) throws(BackupError) -> Change {
        let target = target(file.path)
        guard fileExists(target) else { return .new }
        var status = stat()
        guard lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            Int64(status.st_size) == file.bytes,
            status.st_mode & 0o777 == file.safeMode
        else { return .changed }
        guard let present = try SavedFile(target, as: file.path) else { return .new }
        var hash = SHA256()
        while true {
            let piece = try present.next()
            if piece.isEmpty { break }
            hash.update(piece)
        }
        return hash.finish() == file.sha256 ? .same : .changed
    }
}

extension BackupManifest.File {
    /// Only its owner may write to it.
    var safeMode: UInt32 { mode & 0o755 }
}
