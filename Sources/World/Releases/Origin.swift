internal import Glibc
internal import StackModel

/// What a release is made from, as the operator named it.
enum Origin: Equatable {
    case directory(String)
    case tarball(String)
    /// A repository on this machine.
    case local(path: String, revision: String)
    case remote(url: String, revision: String)

    private static let tarballs = [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.zst"]

    init(source: String?, revision: String?, repository: String?) throws(ReleaseError) {
        guard let place = source ?? repository else {
            throw ReleaseError(
                "no source is given, and the stack names no repository: name a directory, a tarball "
                    + "or a git repository, or set x-catalyst.releases.repository")
        }
        if let revision, revision.hasPrefix("-") || revision.isEmpty {
            throw ReleaseError("'\(revision)' is no revision: name a tag, a branch or a commit")
        }
        var status = stat()
        guard stat(place, &status) == 0 else {
            guard Self.isURL(place) else {
                throw ReleaseError(
                    "there is no '\(place)': name a directory, a tarball or a git URL")
            }
            self = .remote(url: place, revision: revision ?? "HEAD")
            return
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            self = try Self.tarball(place, status, revision)
            return
        }
        if revision != nil || source == nil || Self.isBare(place) {
            self = .local(path: place, revision: revision ?? "HEAD")
        } else {
            self = .directory(place)
        }
    }

    /// For people.
    var words: String {
        switch self {
        case .directory(let path), .tarball(let path): path
        case .local(let path, let revision): "\(path)#\(revision)"
        case .remote(let url, let revision): "\(GitURL(url).shown)#\(revision)"
        }
    }

    private static func tarball(
        _ path: String, _ status: stat, _ revision: String?
    ) throws(ReleaseError) -> Origin {
        guard status.st_mode & S_IFMT == S_IFREG, tarballs.contains(where: path.hasSuffix) else {
            throw ReleaseError(
                "'\(path)' is neither a directory nor a tarball: known are "
                    + tarballs.joined(separator: ", "))
        }
        guard revision == nil else {
            throw ReleaseError(
                "'\(path)' is a tarball, which has no revisions: leave --revision out")
        }
        return .tarball(path)
    }

    private static func isURL(_ text: String) -> Bool {
        if text.hasPrefix("-") { return false }
        if text.firstRange(of: "://") != nil { return true }
        // As git and scp take it: `git@example.org:app.git`.
        let host = text.prefix { $0 != ":" && $0 != "/" }
        let rest = text[host.endIndex...]
        return !host.isEmpty && rest.hasPrefix(":") && !rest.hasPrefix("::") && rest.count > 1
    }

    private static func isBare(_ path: String) -> Bool {
        !exists(path + "/.git") && isDirectory(path + "/objects") && isDirectory(path + "/refs")
            && exists(path + "/HEAD")
    }
}

/// A repository's address, without what must not be seen.
struct GitURL {
    /// Has no password, and over HTTP no user, who may be a token.
    private(set) var shown: String
    private(set) var user: String?
    private(set) var password: String?

    init(_ text: String) {
        shown = text
        guard let mark = text.firstRange(of: "://") else { return }
        let authority = text[mark.upperBound...].prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return }
        let isHTTP = text.hasPrefix("http")
        let parts = authority[..<at].split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        user = parts.first.map { decoded($0) }
        password = parts.count == 2 ? decoded(parts[1]) : nil
        let kept = isHTTP ? "" : (parts.first.map { $0 + "@" } ?? "")
        shown = text[..<mark.upperBound] + kept + text[text.index(after: at)...]
    }
}

/// Without percent signs.
private func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2,
            let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
        {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
