internal import Glibc
internal import LinuxSystem

/// An exclusive lock on a file, kept as long as this value.
final class FileLock {
    private let descriptor: Int32

    /// Nil: another process has it.
    init?(_ path: String) throws(BackupError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw BackupError("\(SystemError("open '\(path)'"))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            let cause = SystemError("lock '\(path)'")
            close(descriptor)
            if !isTaken { throw BackupError("\(cause)") }
            return nil
        }
    }

    deinit {
        // Not by closing alone: a child that is just being started may have it as well.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}

func fileExists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
}
