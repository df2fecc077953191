internal import Glibc
internal import LinuxSystem

/// What files are, in a few digits: the same for copies, another for each change of a path, a kind, a program's x bit,
/// a content or a link's target.
struct TreeDigest {
    /// One line an entry, in the order of their paths.
    private let lines: [(path: String, line: String)]

    init(
        of root: String, checkpoint: () throws(ReleaseError) -> Void = {}
    ) throws(ReleaseError) {
        let tree = try FileTree(
            of: root, leaveOut: { path, _ in path == ".git" }, checkpoint: checkpoint)
        var lines: [(path: String, line: String)] = []
        for entry in tree.entries {
            try checkpoint()
            lines.append((entry.path, try Self.line(for: entry, below: root)))
        }
        self.lines = lines
    }

    var whole: String { digest(of: [""]) }

    /// Of the files and directories `paths`, "" and "." being all; one that is not there counts as that.
    func digest(of paths: [String]) -> String {
        var hash = SHA256()
        for path in Set(paths.map(Self.plain)).sorted() {
            hash.update(Array("source \(path)\n".utf8)[...])
            var isThere = false
            for (entry, line) in lines
            where path.isEmpty || entry == path || entry.hasPrefix(path + "/") {
                isThere = true
                hash.update(Array(line.utf8)[...])
            }
            if !isThere { hash.update(Array("missing\n".utf8)[...]) }
        }
        return hash.finish()
    }

    private static func plain(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    private static func line(
        for entry: FileTree.Entry, below root: String
    ) throws(ReleaseError) -> String {
        // No name holds a NUL, so that no two lists of entries look the same.
        switch entry.kind {
        case .directory: "directory \(entry.path)\0\n"
        case .file:
            "file \(entry.path)\0 \(entry.mode & 0o100 == 0 ? "-" : "x") "
                + "\(try content(of: root + "/" + entry.path))\n"
        case .link(let target): "link \(entry.path)\0 \(target)\0\n"
        case .special: "special \(entry.path)\0\n"
        }
    }

    private static func content(of path: String) throws(ReleaseError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("read '\(path)'") }
        defer { close(descriptor) }
        var hash = SHA256()
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return hash.finish() }
            guard count > 0 else { throw failure("read '\(path)'") }
            hash.update(chunk[..<count])
        }
    }
}
