internal import Glibc

/// What is to be deployed, read from what was typed.
struct DeploySource: Equatable {
    /// An absolute path or a URL; nil: the stack's own repository.
    private(set) var source: String?
    private(set) var revision: String?

    /// `exists` gives the whole path of something on this machine; nil: there is no such thing.
    init(_ word: String?, revision: String?, exists: (String) throws -> String?) throws {
        self.revision = revision
        guard let word else { return }
        guard !word.isEmpty else { throw Failure("the source is empty", .usage) }
        if let path = try exists(word) {
            source = path
            return
        }
        let (place, mark) = Self.split(word)
        if let mark {
            guard revision == nil || revision == mark else {
                throw Failure(
                    "two revisions are given, '\(mark)' and '\(revision ?? "")': name one", .usage)
            }
            self.revision = mark
        }
        if place.isEmpty { return }
        if Self.isURL(place) {
            source = place
        } else if let path = try exists(place) {
            source = path
        } else if Self.isPath(place) || self.revision != nil {
            throw Failure(
                "there is no '\(place)'\nname a directory, a tarball, a git repository or a URL;"
                    + " or only a revision, of the stack's own repository", .usage)
        } else {
            self.revision = place
        }
    }

    /// `repo#revision` at its last `#`.
    private static func split(_ word: String) -> (place: String, revision: String?) {
        guard let mark = word.lastIndex(of: "#") else { return (word, nil) }
        let revision = String(word[word.index(after: mark)...])
        return revision.isEmpty ? (word, nil) : (String(word[..<mark]), revision)
    }

    /// `https://…`, or `host:path` as git and scp take it.
    private static func isURL(_ word: String) -> Bool {
        if word.firstRange(of: "://") != nil { return true }
        guard let colon = word.firstIndex(of: ":") else { return false }
        let host = word[..<colon]
        return !host.isEmpty && !host.contains("/") && colon < word.index(before: word.endIndex)
    }

    private static func isPath(_ word: String) -> Bool {
        word == "." || word == ".." || word.hasSuffix("/")
            || ["/", "./", "../", "~"].contains { word.hasPrefix($0) }
            || [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.zst"].contains { word.hasSuffix($0) }
    }
}

/// Absolute and without links, as another process finds it; nil: there is no such thing.
func fullPath(_ path: String) throws -> String? {
    guard let resolved = realpath(path, nil) else {
        if [ENOENT, ENOTDIR, ENAMETOOLONG].contains(errno) { return nil }
        throw Failure("cannot look at '\(path)': \(String(cString: strerror(errno)))", .usage)
    }
    defer { free(resolved) }
    return String(cString: resolved)
}
