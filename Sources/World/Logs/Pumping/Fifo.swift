internal import Glibc
internal import LinuxSystem
internal import SystemPackage

/// A named pipe that a service writes and we read.
enum Fifo {
    /// Makes the FIFO, or takes the one that is there: a service of an earlier agent may be writing
    /// into it.
    ///
    /// Opened read-write, so that it never ends, whoever else comes and goes.
    static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        guard mkfifo(path, 0o600) == 0 || errno == EEXIST else {
            throw SystemError("make '\(path)'")
        }
        let number = Glibc.open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { throw SystemError("open '\(path)'") }
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFIFO,
            status.st_uid == geteuid()
        else {
            close(number)
            throw SystemError("open '\(path)' as our FIFO", .fileExists)
        }
        fchmod(number, 0o600)
        return FileDescriptor(rawValue: number)
    }
}
