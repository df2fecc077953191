internal import Glibc
internal import LinuxSystem
package import StackModel

/// Makes a backup of this machine's configuration and of the ledger: whole and read back, or not at all.
package struct BackupMaker {
    /// Before every path: another machine's disk, or a test's directory. Empty: this machine.
    package var root = ""
    package var state = SavedPlaces.stateDirectory
    package var version: String
    package var host = localHostName()
    package var time = Clock.wallTime()
    package var code: BackupManifest.Code?

    package struct Made: Equatable, Sendable {
        package var path: String
        package var bytes: Int64
        package var manifest: BackupManifest
        /// Older ones that were removed.
        package var removed: [String]
    }

    package init(version: String) { self.version = version }

    /// Into `directory`, of which the newest `keep` of this host stay. `askAgent` as `LedgerSource` takes it.
    package func make(
        in directory: String, keep: Int, askAgent: () -> Result<String, BackupError>
    ) throws(BackupError) -> Made {
        do throws(SystemError) { try Directory.make(directory, mode: 0o700) } catch {
            throw BackupError("\(error): name another directory with --to")
        }
        guard let lock = try FileLock(directory + "/.lock") else {
            throw BackupError("another backup is being made in '\(directory)': wait for its end")
        }
        defer { withExtendedLifetime(lock) {} }
        removeUnfinished(in: directory)
        var (manifest, contents) = try configuration()
        let ledger = try LedgerSource(state: state, ask: askAgent)
        defer { withExtendedLifetime(ledger) {} }
        if let problem = ledger.problem {
            manifest.missing.append(.init(path: SavedPlaces.ledger, why: problem, isLoss: true))
        }
        var ledgers: [SavedFile] = []
        for place in ledger.files {
            guard let file = try SavedFile(place.whole, as: place.path) else { continue }
            manifest.files.append(try hashed(file))
            ledgers.append(file)
        }

        let shelf = BackupShelf(directory)
        let name = shelf.freeName(host: host, time: time)
        let draft = "\(directory)/.\(name.file).partial"
        do throws(BackupError) {
            try write(manifest, contents, ledgers, to: draft)
            let readBack = try BackupArchive(checking: draft)
            guard readBack.manifest == manifest else {
                throw BackupError("what was written is not what is read back from '\(draft)'")
            }
            let path = try shelf.keep(draft, as: name)
            return Made(
                path: path, bytes: shelf.bytes(of: name), manifest: manifest,
                removed: shelf.prune(host: name.host, keep: keep))
        } catch {
            unlink(draft)
            throw BackupError("no backup was made: \(error)")
        }
    }

    /// What was begun by one that was killed.
    private func removeUnfinished(in directory: String) {
        for name in Directory.names(in: directory)
        where name.hasPrefix(".config-") && name.hasSuffix(".partial") {
            unlink(directory + "/" + name)
        }
    }

    private func configuration() throws(BackupError) -> (BackupManifest, [[UInt8]]) {
        var manifest = BackupManifest(version: version, host: host, system: system, time: time)
        manifest.code = code
        manifest.isSiteEnabled = fileExists(root + SavedPlaces.enabledSite)
        var contents: [[UInt8]] = []
        for path in SavedPlaces.found(below: root) {
            guard let file = try SavedFile(root + path, as: path) else { continue }
            let bytes = try file.all()
            if let secret = SecretScan.finding(in: bytes) {
                let why = secret + ": put it into .env"
                manifest.missing.append(.init(path: path, why: why, isLoss: true))
                continue
            }
            manifest.files.append(file.entry(count: Int64(bytes.count), sha256: sha256(bytes)))
            contents.append(bytes)
        }
        guard fileExists(root + SavedPlaces.stackFile) else {
            throw BackupError(
                "there is no '\(root + SavedPlaces.stackFile)': is catalyst installed here?")
        }
        for secret in SavedPlaces.secrets where fileExists(root + secret.path) {
            manifest.missing.append(
                .init(path: secret.path, why: secret.wayBack, isLoss: false))
        }
        manifest.variablesNeeded = variables()
        return (manifest, contents)
    }

    /// The names in `.env`; never a value.
    private func variables() -> [String] {
        let text = TextFile.read(root + SavedPlaces.variableFile) ?? ""
        return Set(VariableNames.all(in: text) + ["DATABASE_URL", "MCP_API_KEY"]).sorted()
    }

    private var system: String {
        let lines = (TextFile.read(root + "/etc/os-release") ?? "").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("PRETTY_NAME=") }
        return line.map { $0.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" } } ?? "unknown"
    }

    private func hashed(_ file: SavedFile) throws(BackupError) -> BackupManifest.File {
        var hash = SHA256()
        var count: Int64 = 0
        while true {
            let piece = try file.next()
            if piece.isEmpty { break }
            hash.update(piece)
            count += Int64(piece.count)
        }
        file.rewind()
        return file.entry(count: count, sha256: hash.finish())
    }

    private func write(
        _ manifest: BackupManifest, _ contents: [[UInt8]], _ ledgers: [SavedFile], to path: String
    ) throws(BackupError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw BackupError("\(SystemError("write '\(path)'"))") }
        defer { close(descriptor) }
        do throws(BackupError) {
            let gzip = try Gzip(.into(file: descriptor))
            let tar = TarWriter(time: time) { (bytes) throws(BackupError) in
                try gzip.write(bytes)
            }
            try tar.add(BackupManifest.name, try manifest.encoded())
            for (file, bytes) in zip(manifest.files, contents) {
                try tar.add(BackupArchive.contentPrefix + file.path, bytes)
            }
            for (entry, file) in zip(manifest.files.dropFirst(contents.count), ledgers) {
                try tar.add(BackupArchive.contentPrefix + entry.path, count: entry.bytes) {
                    () throws(BackupError) in try file.next()
                }
            }
            try tar.finish()
            try gzip.finish()
        } catch { throw BackupError("cannot write '\(path)': \(error)") }
        guard fsync(descriptor) == 0 else {
            throw BackupError("\(SystemError("bring '\(path)' to the disk"))")
        }
    }
}

/// This machine's name, for the files of its backups.
private func localHostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
