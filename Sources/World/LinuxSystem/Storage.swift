internal import CLinux
internal import Glibc

/// Disks: what is free on them, and when it is safe that something is there.
package enum Storage {
    /// What an ordinary user may still write. Nil for `files`: the file system has no such limit.
    package struct Room: Equatable, Sendable {
        package var bytes: Int64
        package var files: Int64?

        package init(bytes: Int64, files: Int64?) {
            self.bytes = bytes
            self.files = files
        }
    }

    package static func room(at path: String) throws(SystemError) -> Room {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else {
            throw SystemError("ask how much room there is at '\(path)'")
        }
        return Room(
            bytes: Int64(clamping: status.f_bavail) * Int64(clamping: status.f_frsize),
            files: status.f_files == 0 ? nil : Int64(clamping: status.f_favail))
    }

    /// Returns when all of the file system that holds `path` is on the disk.
    package static func syncAll(at path: String) throws(SystemError) {
        try withOpen(path) { catalyst_sync_file_system($0) }
    }

    /// Returns when the file or directory `path` itself is on the disk.
    package static func sync(_ path: String) throws(SystemError) {
        try withOpen(path) { fsync($0) }
    }

    private static func withOpen(
        _ path: String, _ call: (Int32) -> Int32
    ) throws(SystemError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SystemError("open '\(path)'") }
        defer { close(descriptor) }
        guard call(descriptor) == 0 else { throw SystemError("bring '\(path)' to the disk") }
    }

    /// All that is left of one open file into another, shared between both where the file system can.
    package static func copy(_ source: Int32, to target: Int32) throws(SystemError) {
        let action = "copy it"
        while true {
            let count = catalyst_copy_range(source, target, 1 << 30)
            if count == 0 { return }
            guard count < 0 else { continue }
            // Between file systems, or of a kind that cannot: by hand.
            guard [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) else {
                throw SystemError(action)
            }
            break
        }
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(source, &chunk, chunk.count)
            if count == 0 { return }
            guard count > 0 else { throw SystemError(action) }
            var written = 0
            while written < count {
                let step = chunk[written..<count].withUnsafeBytes {
                    write(target, $0.baseAddress, $0.count)
                }
                guard step > 0 else { throw SystemError(action) }
                written += step
            }
        }
    }
}

/// This process and what it starts give way to all others.
package func lowerPriority() { catalyst_lower_priority() }
