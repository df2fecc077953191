internal import Glibc
internal import LinuxSystem

/// A revision of a repository, put into a directory.
struct GitFetch {
    let git: Git
    /// `--git-dir` of where the commit is.
    private let repository: String
    let commit: String
    /// The tag that is exactly there.
    let tag: String?
    private let size: (bytes: Int64, files: Int64)

    /// From a repository on this machine, where it is.
    init(_ git: Git, path: String, revision: String) throws(ReleaseError) {
        self.git = git
        let found = try git.ask(["-C", path, "rev-parse", "--absolute-git-dir"])
        guard found.isSuccess else {
            let said = found.lastLines.suffix(5).joined(separator: "\n")
            guard said.isEmpty || said.contains("not a git repository") else {
                throw ReleaseError("cannot look for revision '\(revision)' in '\(path)': \(said)")
            }
            throw ReleaseError(
                "'\(path)' is no git repository, so it has no revision '\(revision)': deploy it "
                    + "without a revision, as the directory that it is")
        }
        repository = found.text.firstLine
        guard let commit = try Self.commit(revision, in: repository, git) else {
            throw ReleaseError(
                "there is no revision '\(revision)' in '\(path)': see 'git -C \(path) log --all'")
        }
        (self.commit, tag, size) = try Self.look(at: commit, named: revision, in: repository, git)
    }

    /// Fetched into the bare repository `cache`, which then has what the other side has.
    init(
        _ git: Git, url: GitURL, revision: String, cache: String
    ) throws(ReleaseError) {
        self.git = git
        repository = cache
        if !exists(cache + "/HEAD") {
            try git.run(["init", "--quiet", "--bare", cache], to: "make the repository '\(cache)'")
        }
        try git.run(
            [
                "--git-dir", cache, "fetch", "--quiet", "--prune", "--force", "--no-auto-gc",
                "--end-of-options", url.shown, "+HEAD:refs/catalyst/head",
                "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
            ], to: "fetch from '\(url.shown)'")
        let name = revision == "HEAD" ? "refs/catalyst/head" : revision
        var commit = try Self.commit(name, in: cache, git)
        if commit == nil, revision.isCommit {
            // One that no branch leads to; not every server gives such.
            let isGiven = try git.ask(
                ["--git-dir", cache, "fetch", "--quiet", "--end-of-options", url.shown, revision])
            if isGiven.isSuccess { commit = try Self.commit(revision, in: cache, git) }
        }
        guard let commit else {
            throw ReleaseError(
                "there is no revision '\(revision)' in '\(url.shown)': was it pushed? "
                    + "See 'git ls-remote \(url.shown)'")
        }
        (self.commit, tag, size) = try Self.look(at: commit, named: revision, in: cache, git)
    }

    private static func commit(
        _ revision: String, in repository: String, _ git: Git
    ) throws(ReleaseError) -> String? {
        let outcome = try git.ask([
            "--git-dir", repository, "rev-parse", "--verify", "--quiet", "--end-of-options",
            revision + "^{commit}",
        ])
        // Some versions print the option too.
        return outcome.isSuccess
            ? outcome.text.split(separator: "\n").last.map(String.init) : nil
    }

    private static func look(
        at commit: String, named revision: String, in repository: String, _ git: Git
    ) throws(ReleaseError) -> (String, String?, (bytes: Int64, files: Int64)) {
        let tag = try tag(at: commit, named: revision, in: repository, git)
        let listing = try git.run(
            ["--git-dir", repository, "ls-tree", "-r", "-t", "-l", "-z", commit],
            to: "list the files of \(commit.prefix(12))")
        var size = (bytes: Int64(0), files: Int64(0))
        for entry in listing.split(separator: "\0") {
            let fields = entry.prefix { $0 != "\t" }.split(separator: " ")
            guard fields.count == 4 else { continue }
            size.files += 1
            size.bytes += Int64(fields[3]) ?? 0
            if fields[1] == "commit" {
                throw ReleaseError(
                    "the revision has the submodule '\(entry.drop { $0 != "\t" }.dropFirst())', and "
                        + "submodules are not fetched: deploy a directory or a tarball that has it")
            }
        }
        return (commit, tag, size)
    }

    /// The one that was asked for, else any.
    private static func tag(
        at commit: String, named revision: String, in repository: String, _ git: Git
    ) throws(ReleaseError) -> String? {
        if try self.commit("refs/tags/" + revision, in: repository, git) == commit {
            return revision
        }
        let described = try git.ask([
            "--git-dir", repository, "describe", "--tags", "--exact-match", commit,
        ])
        return described.isSuccess ? described.text.firstLine : nil
    }

    func requireRoom(_ room: RoomCheck) throws(ReleaseError) {
        try room.require(size.bytes, files: size.files, for: "the revision's files")
    }

    /// Its files into `tree`. Neither the repository's index nor its work tree is touched.
    func checkOut(into tree: String) throws(ReleaseError) {
        let start = ["--git-dir", repository, "--work-tree", tree]
        try git.run(start + ["read-tree", commit], to: "read the revision \(commit.prefix(12))")
        try git.run(
            start + ["checkout-index", "--all", "--force", "--prefix=\(tree)/"],
            to: "write the files of the revision \(commit.prefix(12))")
        let attributes = TextFile.read(tree + "/.gitattributes") ?? ""
        if attributes.firstRange(of: "filter=lfs") != nil {
            throw ReleaseError(
                "the revision keeps files in git LFS, which is not supported: deploy a directory or "
                    + "a tarball that has them")
        }
    }
}

extension String {
    var firstLine: String { split(separator: "\n").first.map(String.init) ?? "" }

    /// A whole SHA-1 or SHA-256.
    fileprivate var isCommit: Bool {
        [40, 64].contains(utf8.count) && allSatisfy { $0.isHexDigit }
    }
}
