internal import Glibc
internal import StackModel

/// One open log file, read line by line from some place on; a compressed one through gzip.
final class LineSource {
    let file: LogShelf.File
    let descriptor: Int32
    private var unpacking: (pipe: Int32, child: pid_t)?
    private var buffer: [UInt8] = []
    /// The unread part of the buffer, and where it stands in the file.
    private var unread = 0..<0
    private var offset: Int
    private var scanned = 0
    private var isSkipping = false

    private static let blockBytes = 32 << 10

    /// Nil where the file is no longer what `file` says: rotation went on, look again.
    init?(_ file: LogShelf.File, from offset: Int = 0) {
        self.file = file
        self.offset = offset
        descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0,
            file.age == 0
                ? UInt64(status.st_ino) == file.inode : Timestamp(modified: status) == file.modified
        else { return nil }
        if file.isCompressed {
            guard let unpacking = Self.unpack(descriptor) else { return nil }
            self.unpacking = unpacking
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        guard let unpacking else { return }
        close(unpacking.pipe)
        kill(unpacking.child, SIGKILL)
        _ = Gzip.wait(unpacking.child)
    }

    private static func unpack(_ input: Int32) -> (Int32, pid_t)? {
        // Sockets, because these are close-on-exec from the first moment, and pipe2 is none of
        // Glibc's module.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return nil }
        defer { close(ends[1]) }
        guard let child = Gzip.start(["-d", "-c"], input: input, output: ends[1]) else {
            close(ends[0])
            return nil
        }
        return (ends[0], child)
    }

    /// When the file was last written; for good once it is rotated.
    var modified: Timestamp {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Timestamp(modified: status) : file.modified
    }

    func move(to offset: Int) {
        (unread, scanned, self.offset) = (0..<0, 0, offset)
    }

    /// The next whole line without its newline, and its place in the file. Nil: there is none
    /// (yet).
    func nextLine<Result>(_ body: (UnsafeRawBufferPointer, Int) -> Result) -> Result? {
        while true {
            let end = buffer.withUnsafeBytes { bytes in
                LineCut.firstNewline(
                    in: UnsafeRawBufferPointer(rebasing: bytes[scanned..<unread.upperBound])
                )
                .map { scanned + $0 }
            }
            guard let end else {
                scanned = unread.upperBound
                guard fill() else { return nil }
                continue
            }
            defer { consume(upTo: end + 1) }
            if isSkipping {
                isSkipping = false
                continue
            }
            return buffer.withUnsafeBytes {
                body(UnsafeRawBufferPointer(rebasing: $0[unread.lowerBound..<end]), offset)
            }
        }
    }

    /// What stands behind the last newline, when no more will come.
    func rest<Result>(_ body: (UnsafeRawBufferPointer, Int) -> Result) -> Result? {
        guard !unread.isEmpty, !isSkipping else { return nil }
        defer { consume(upTo: unread.upperBound) }
        return buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[unread]), offset) }
    }

    private func consume(upTo end: Int) {
        offset += end - unread.lowerBound
        unread = end..<unread.upperBound
        scanned = end
    }

    private func fill() -> Bool {
        if unread.count > LogLimits.fileLineBytesMax {
            consume(upTo: unread.upperBound)
            isSkipping = true
        }
        if unread.lowerBound > 0 {
            buffer.removeSubrange(..<unread.lowerBound)
            unread = 0..<unread.count
            scanned = unread.upperBound
        }
        if buffer.count < unread.count + Self.blockBytes {
            buffer += Array(repeating: 0, count: unread.count + Self.blockBytes - buffer.count)
        }
        let place = offset + unread.count
        guard !file.isCompressed || place < LogLimits.unpackedBytesMax else { return false }
        let count = buffer.withUnsafeMutableBytes { bytes in
            let free = UnsafeMutableRawBufferPointer(rebasing: bytes[unread.upperBound...])
            guard let unpacking else {
                return pread(descriptor, free.baseAddress, free.count, off_t(place))
            }
            return read(unpacking.pipe, free.baseAddress, free.count)
        }
        guard count > 0 else { return false }
        unread = 0..<(unread.count + count)
        return true
    }
}
