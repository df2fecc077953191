internal import Glibc
internal import LinuxSystem

/// A file of ours that is mapped, for its process and the next.
final class MappedFile {
    let base: UnsafeMutableRawPointer
    let bytes: UnsafeMutableRawBufferPointer

    /// A new one, all of whose room is there; nil: it cannot be had.
    init?(making path: String, bytes count: Int) {
        unlink(path)
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Now, and not when a page is touched: that would be a signal.
        guard posix_fallocate(descriptor, 0, off_t(count)) == 0,
            let mapped = Self.map(descriptor, count)
        else {
            unlink(path)
            return nil
        }
        base = mapped
        bytes = UnsafeMutableRawBufferPointer(start: mapped, count: count)
    }

    /// One that was left; nil: none of ours.
    init?(found path: String, bytes count: Int) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid(), status.st_size == count,
            let mapped = Self.map(descriptor, count)
        else { return nil }
        base = mapped
        bytes = UnsafeMutableRawBufferPointer(start: mapped, count: count)
    }

    deinit { munmap(base, bytes.count) }

    private static func map(_ descriptor: Int32, _ count: Int) -> UnsafeMutableRawPointer? {
        let pages = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        return pages == MAP_FAILED ? nil : pages
    }
}
