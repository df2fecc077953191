internal import Glibc
internal import LinuxSystem

/// A file that is saved: open, so that what is looked at is what is read.
final class SavedFile {
    let path: String
    let count: Int64
    private let whole: String
    private let descriptor: Int32
    private let status: stat

    /// More is no configuration.
    static let configurationBytesMax: Int64 = 4 << 20

    /// Nil: it is not there. `shown` is what it is called in the backup.
    init?(_ whole: String, as path: String) throws(BackupError) {
        self.path = path
        self.whole = whole
        descriptor = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw BackupError("\(SystemError("read '\(whole)'")): run it as root")
        }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw BackupError("cannot save '\(whole)': it is no plain file: move it away")
        }
        status = facts
        count = Int64(facts.st_size)
    }

    deinit { close(descriptor) }

    /// The next piece; empty at the end.
    func next() throws(BackupError) -> ArraySlice<UInt8> {
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count >= 0 { return chunk[..<count] }
            guard errno == EINTR else { throw BackupError("\(SystemError("read '\(whole)'"))") }
        }
    }

    func rewind() { lseek(descriptor, 0, SEEK_SET) }

    func all() throws(BackupError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try next()
            if piece.isEmpty { return bytes }
            bytes += piece
            guard bytes.count <= Self.configurationBytesMax else {
                throw BackupError(
                    "cannot save '\(whole)': it is longer than 4 MiB, no configuration is: "
                        + "move it away")
            }
        }
    }

    /// What the manifest says of it, with `hash` of its content.
    func entry(count: Int64, sha256: String) -> BackupManifest.File {
        let user = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) }
        let group = getgrgid(status.st_gid).map { String(cString: $0.pointee.gr_name) }
        return BackupManifest.File(
            path: path, mode: status.st_mode & 0o777, user: user ?? "root",
            group: group ?? "root", bytes: count, sha256: sha256)
    }
}

func sha256(_ bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(bytes[...])
    return hash.finish()
}
