internal import Glibc

/// A file of text, read whole.
struct TextFile {
    let bytes: [UInt8]
    let owner: uid_t
    let mode: mode_t

    /// Never waits (a FIFO is refused) and never reads more than the limit.
    static func read(_ path: String) throws(FileError) -> TextFile {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw .system(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .notRegular("a directory")
        case S_IFIFO: throw .notRegular("a FIFO")
        default: throw .notRegular("not a regular file")
        }
        let bytes = try contents(of: descriptor, expected: Int(status.st_size))
        return TextFile(bytes: bytes, owner: status.st_uid, mode: status.st_mode & 0o7777)
    }

    private static func contents(of descriptor: Int32, expected: Int) throws(FileError) -> [UInt8] {
        guard expected <= Limits.fileBytesMax else { throw .tooLarge(bytes: expected) }
        var bytes: [UInt8] = []
        // One more than allowed: the file may have grown, or lie about its size as /proc does.
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= Limits.fileBytesMax {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(errno) }
            bytes += buffer[..<count]
        }
        throw .tooLarge(bytes: bytes.count)
    }

    /// Why secrets should not be in it, with the command that mends it.
    func exposure(path: String) -> String? {
        if owner != geteuid(), owner != 0 {
            return "belongs to user \(owner), who could change it: chown \(geteuid()) '\(path)'"
        }
        guard mode & 0o077 != 0 else { return nil }
        let who = mode & 0o044 != 0 ? "can be read by others" : "can be changed by others"
        return "\(who) (mode \(octal(mode))), and it holds secrets: chmod 600 '\(path)'"
    }
}

/// Why a file could not be read. Its path is known to whoever asked.
enum FileError: Error, Equatable {
    case system(Int32)
    case notRegular(String)
    case tooLarge(bytes: Int)

    var isMissing: Bool { self == .system(ENOENT) || self == .system(ENOTDIR) }
}

extension FileError: CustomStringConvertible {
    var description: String {
        switch self {
        case .system(let number):
            let text = String(cString: strerror(number))
            return "cannot read it: " + text.prefix(1).lowercased() + text.dropFirst()
        case .notRegular(let kind): return "cannot read it: it is \(kind)"
        case .tooLarge(let bytes):
            return "is too large: \(bytes) bytes, at most \(Limits.fileBytesMax) are read"
        }
    }
}

/// The directory that relative paths in the files start from, and paths made absolute with it.
struct Directory {
    let path: String

    /// That of the file at `path`.
    init(of path: String) {
        let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        self.path = absolutePath(parent)
    }

    func absolute(_ path: String) -> String {
        normalized(path.hasPrefix("/") ? path : self.path + "/" + path)
    }
}

/// Below the directory that the program runs in.
func absolutePath(_ path: String) -> String {
    normalized(path.hasPrefix("/") ? path : currentDirectory() + "/" + path)
}

private func currentDirectory() -> String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
}

/// Without `.`, `..` and double slashes. As text: nothing on disk is asked.
private func normalized(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
        if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
}

private func octal(_ mode: mode_t) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
