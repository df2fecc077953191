internal import Glibc
internal import LinuxSystem
internal import StackModel

/// The current file of a shelf, open for appending. It is opened when there is something to write.
struct LogFile: ~Copyable {
    let shelf: LogShelf
    /// Where the next byte goes.
    private(set) var size = 0
    private var descriptor: Int32 = -1
    private var inode: ino_t = 0
    private var device: dev_t = 0

    init(_ shelf: LogShelf) { self.shelf = shelf }

    var identity: (device: UInt64, inode: UInt64, size: Int) {
        (UInt64(device), UInt64(inode), size)
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// Opens the file, again if it is no longer the one of that name: an operator may have moved or
    /// removed it.
    mutating func prepare() throws(SystemError) {
        var status = stat()
        if descriptor >= 0 {
            if stat(shelf.currentPath, &status) == 0, status.st_ino == inode,
                status.st_dev == device
            {
                size = Int(status.st_size)
                return
            }
            close()
        }
        descriptor = try openFile()
        guard fstat(descriptor, &status) == 0 else {
            throw SystemError("look at '\(shelf.currentPath)'")
        }
        (inode, device, size) = (status.st_ino, status.st_dev, Int(status.st_size))
        endTornLine()
    }

    private func openFile() throws(SystemError) -> Int32 {
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        var opened = open(shelf.currentPath, flags, 0o640)
        if opened < 0, errno == ENOENT {
            try makeDirectories(shelf.directory, mode: 0o750)
            opened = open(shelf.currentPath, flags, 0o640)
        }
        guard opened >= 0 else { throw SystemError("open '\(shelf.currentPath)'") }
        return opened
    }

    /// A crash may have left half a line: records begin at the beginning of one.
    private mutating func endTornLine() {
        var last: UInt8 = 0
        guard size > 0, pread(descriptor, &last, 1, size - 1) == 1, last != newline else { return }
        if write(descriptor, "\n", 1) == 1 { size += 1 }
    }

    /// Appends all of `bytes` or, where that fails, nothing.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = write(
                descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count > 0 {
                written += count
            } else if errno != EINTR {
                let error = SystemError("write '\(shelf.currentPath)'")
                // Readers never meet half a record.
                ftruncate(descriptor, off_t(size))
                throw error
            }
        }
        size += bytes.count
    }

    /// Closes the file for good, with a time of its own: see `LogShelf.File.modified`.
    mutating func finish(at time: Timestamp) {
        let (seconds, nanoseconds) = time.nanoseconds.quotientAndRemainder(
            dividingBy: 1_000_000_000)
        let stamp = timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
        futimens(descriptor, [stamp, stamp])
        close()
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        (descriptor, size) = (-1, 0)
    }
}
