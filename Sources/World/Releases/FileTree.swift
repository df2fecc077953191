internal import Glibc
internal import LinuxSystem

/// What is in a directory, at any depth, links not followed.
struct FileTree {
    enum Kind: Equatable {
        case directory
        case file
        case link(to: String)
        /// A FIFO, a socket, a device.
        case special
    }

    struct Entry {
        /// Below the root, without a slash in front.
        var path: String
        var kind: Kind
        var mode: mode_t
        var bytes: Int64
        var modified: timespec
    }

    let root: String
    /// Sorted by the bytes of their paths: a directory stands before what is in it.
    let entries: [Entry]

    var bytes: Int64 { entries.reduce(0) { $0 + $1.bytes } }

    /// `leaveOut` gets paths below the root, and the whole one. `checkpoint` is called for each entry, and may throw.
    init(
        of root: String, leaveOut: (_ path: String, _ whole: String) -> Bool = { _, _ in false },
        checkpoint: () throws(ReleaseError) -> Void = {}
    ) throws(ReleaseError) {
        self.root = root
        var entries: [Entry] = []
        var directories = [""]
        while let directory = directories.popLast() {
            for name in try Self.names(in: root + "/" + directory) {
                try checkpoint()
                let path = directory.isEmpty ? name : directory + "/" + name
                guard !leaveOut(path, root + "/" + path) else { continue }
                let entry = try Self.entry(path, below: root)
                if entry.kind == .directory { directories.append(path) }
                entries.append(entry)
            }
        }
        self.entries = entries.sorted {
            $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
        }
    }

    private static func names(in path: String) throws(ReleaseError) -> [String] {
        guard let directory = opendir(path) else { throw failure("read the directory '\(path)'") }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let item = readdir(directory) else {
                guard errno == 0 else { throw failure("read the directory '\(path)'") }
                return names
            }
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    String(validatingCString: $0)
                }
            }
            guard let name else {
                throw ReleaseError(
                    "a name in '\(path)' is not UTF-8: rename it, or leave it out of the source")
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    private static func entry(_ path: String, below root: String) throws(ReleaseError) -> Entry {
        var status = stat()
        let whole = root + "/" + path
        guard lstat(whole, &status) == 0 else { throw failure("look at '\(whole)'") }
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFDIR: .directory
            case S_IFREG: .file
            case S_IFLNK: .link(to: try target(of: whole))
            default: .special
            }
        return Entry(
            path: path, kind: kind, mode: status.st_mode & 0o7777,
            bytes: kind == .file ? Int64(status.st_size) : 0, modified: status.st_mtim)
    }

    private static func target(of link: String) throws(ReleaseError) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &buffer, buffer.count)
        guard count >= 0 else { throw failure("read the link '\(link)'") }
        guard let target = String(validating: buffer[..<count], as: UTF8.self) else {
            throw ReleaseError("the link '\(link)' leads to a name that is not UTF-8: remove it")
        }
        return target
    }
}

func failure(_ action: String) -> ReleaseError { ReleaseError("\(SystemError(action))") }

func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
}
