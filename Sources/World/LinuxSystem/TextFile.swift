internal import Glibc
internal import SystemPackage

/// Small files of the kernel, and of ours: read and written whole.
package enum TextFile {
    /// Up to `bytesMax` bytes of a file; nil where it cannot be read.
    package static func read(_ path: String, bytesMax: Int = 1 << 20) -> String? {
        readBytes(path, bytesMax: bytesMax).map { String(decoding: $0, as: UTF8.self) }
    }

    package static func readBytes(_ path: String, bytesMax: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count < bytesMax {
            let room = min(16 << 10, bytesMax - bytes.count)
            let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                count = max(0, Glibc.read(descriptor, buffer.baseAddress, room))
            }
            if chunk.isEmpty { break }
            bytes += chunk
        }
        return bytes
    }

    /// One write to a file that exists, as the kernel's control files want it.
    package static func write(_ text: String, to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count
    }

    /// What a process that was killed may leave beside a file that it was replacing.
    package static let unfinishedSuffix = ".new"

    /// Replaces `path` at once or not at all: a new file, synced, then renamed. Without `isSynced` that is so as long
    /// as the machine runs.
    package static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32, isSynced: Bool = true
    ) throws(SystemError) {
        let temporary = path + unfinishedSuffix
        let descriptor = open(
            temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw SystemError("write '\(temporary)'") }
        // One that was left by a process that was killed may be open to others.
        fchmod(descriptor, mode)
        let written = Glibc.write(descriptor, bytes, bytes.count)
        let isComplete = written == bytes.count && (!isSynced || fsync(descriptor) == 0)
        let reason =
            written < 0 || written == bytes.count ? SystemError("write '\(temporary)'") : nil
        close(descriptor)
        guard isComplete else {
            unlink(temporary)
            throw reason ?? SystemError("write '\(temporary)'", .noSpace)
        }
        guard rename(temporary, path) == 0 else { throw SystemError("replace '\(path)'") }
    }
}
