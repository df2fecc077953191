internal import Glibc
internal import LinuxSystem

/// A backup's file, which may have been changed by anybody since it was made.
package struct BackupArchive {
    package let path: String
    /// Whole and unchanged: every file has the checksum that the manifest says.
    package let manifest: BackupManifest
    /// The contents by path, without the ledger's: that may be large.
    let contents: [String: [UInt8]]

    static let contentPrefix = "files"
    private static let manifestBytesMax: Int64 = 1 << 20
    private static let filesMax = 1000
    /// As large as a ledger becomes, twice.
    private static let bytesMax: Int64 = 2 << 30

    /// Reads all of it, and compares it with its manifest.
    package init(checking path: String) throws(BackupError) {
        self.path = path
        do throws(BackupError) { (manifest, contents) = try Self.read(path) } catch {
            throw BackupError("the backup '\(path)' is not fit for use: \(error)")
        }
    }

    /// Calls `piece` with the content of one file.
    func read(
        _ wanted: String, piece: @escaping (ArraySlice<UInt8>) throws(BackupError) -> Void
    ) throws(BackupError) {
        try Self.entries(of: path) { (entry) throws(BackupError) in
            entry.name == Self.contentPrefix + wanted ? piece : { _ in }
        }
    }

    private static func read(_ path: String) throws(BackupError)
        -> (BackupManifest, [String: [UInt8]])
    {
        var manifest: BackupManifest?
        var text: [UInt8] = []
        var contents: [String: [UInt8]] = [:]
        var hashes: [String: SHA256] = [:]
        var wanted: [String: BackupManifest.File] = [:]
        try entries(of: path) { (entry) throws(BackupError) in
            guard entry.name != BackupManifest.name else {
                guard manifest == nil, text.isEmpty, entry.count <= manifestBytesMax else {
                    throw BackupError("its manifest is there twice, or too long")
                }
                return { text += $0 }
            }
            if manifest == nil {
                let known = try BackupManifest(decoding: text)
                try known.check()
                manifest = known
                for file in known.files { wanted[contentPrefix + file.path] = file }
            }
            guard let file = wanted[entry.name], hashes[entry.name] == nil,
                file.bytes == entry.count
            else { throw BackupError("'\(entry.name)' is not as its manifest says") }
            hashes[entry.name] = SHA256()
            let isKept = !SavedPlaces.ledgerParts.contains(file.path)
            return { piece in
                hashes[entry.name]?.update(piece)
                if isKept { contents[file.path, default: []] += piece }
            }
        }
        if manifest == nil, !text.isEmpty { manifest = try BackupManifest(decoding: text) }
        guard let manifest else { throw BackupError("it has no manifest: no backup of ours") }
        for file in manifest.files {
            guard hashes[contentPrefix + file.path]?.finish() == file.sha256 else {
                throw BackupError("'\(file.path)' in it is damaged or missing")
            }
            if file.bytes == 0 { contents[file.path] = [] }
        }
        return (manifest, contents)
    }

    /// `choose` says for each entry what takes its content.
    private static func entries(
        of path: String,
        _ choose: (TarReader.Entry) throws(BackupError) -> (
            (ArraySlice<UInt8>) throws(BackupError) -> Void
        )
    ) throws(BackupError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw BackupError("\(SystemError("open it"))") }
        defer { close(descriptor) }
        let gzip = try Gzip(.from(file: descriptor))
        let reader = TarReader { (bytes) throws(BackupError) in try gzip.read(&bytes) }
        var count = 0
        var total: Int64 = 0
        var isOver = false
        do throws(BackupError) {
            while !isOver {
                var take: (ArraySlice<UInt8>) throws(BackupError) -> Void = { _ in }
                let entry = try reader.next(
                    { (entry) throws(BackupError) in
                        count += 1
                        guard entry.count <= bytesMax - total, count <= filesMax else {
                            throw BackupError("it is larger than any backup of ours: refused")
                        }
                        total += entry.count
                        take = try choose(entry)
                    }, { (piece) throws(BackupError) in try take(piece) })
                isOver = entry == nil
            }
        } catch {
            // What gzip says of a damaged file tells more than where it ends.
            try gzip.complain()
            throw error
        }
        try gzip.finish()
    }
}

extension BackupManifest {
    /// Whether it names only what we would have saved.
    fileprivate func check() throws(BackupError) {
        guard Set(files.map(\.path)).count == files.count else {
            throw BackupError("its manifest names a file twice")
        }
        for file in files {
            guard SavedPlaces.knows(file.path) else {
                throw BackupError("it would write to '\(file.path)', no place of ours: refused")
            }
            guard
                SavedPlaces.ledgerParts.contains(file.path)
                    || file.bytes <= SavedFile.configurationBytesMax
            else { throw BackupError("'\(file.path)' in it is too long") }
        }
    }
}
