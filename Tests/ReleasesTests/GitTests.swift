import Glibc
import LinuxSystem
import StackModel
import TestSupport
import Testing

@testable import Releases

/// Releases of git revisions, from real repositories.
@Suite(.ownThreads, .enabled(if: has("git"), "git is not installed"))
struct GitTests {
    /// A repository with two commits, the first tagged `v1`.
    private func yard() throws -> (Yard, first: String, second: String) {
        let yard = try Yard()
        try yard.git("init", "--quiet", "--initial-branch=main", ".")
        try yard.write("a/one.py", "1")
        try yard.write("run", "x", mode: 0o755)
        try yard.git("add", ".")
        try yard.git("commit", "--quiet", "--message=first")
        try yard.git("tag", "v1")
        try yard.write("a/one.py", "2")
        try yard.git("commit", "--quiet", "--all", "--message=second")
        return (yard, try yard.git("rev-parse", "v1"), try yard.git("rev-parse", "HEAD"))
    }

    @Test func `a revision of a work tree is what was committed, and leaves the tree alone`() throws
    {
        let (yard, first, second) = try yard()
        try yard.write("a/one.py", "changed")
        try yard.git("add", "a/one.py")
        let status = try yard.output(
            "git", "-C", yard.source, "status", "--porcelain=v2", "--branch")
        for (revision, commit, text, version) in [
            ("v1", first, "1", "v1"), ("HEAD~1", first, "1", "v1"), ("main", second, "2", nil),
            (String(second.prefix(8)), second, "2", nil),
        ] {
            let release = try yard.make(revision: revision).release
            #expect(release.revision == commit)
            #expect(release.id.hasSuffix("-\(commit.prefix(7))"))
            #expect(release.version == version ?? release.id)
            #expect(try yard.contents(of: release) == ["a/", "a/one.py: \(text)", "run: x"])
        }
        #expect(
            try yard.output("git", "-C", yard.source, "status", "--porcelain=v2", "--branch")
                == status)
    }

    @Test func `of two tags the one counts that was asked for`() throws {
        let (yard, _, _) = try yard()
        try yard.git("tag", "stable", "v1")
        for tag in ["v1", "stable"] {
            #expect(try yard.make(revision: tag).release.version == tag)
        }
    }

    @Test func `a URL is fetched into a cache, again when it has moved`() throws {
        let (yard, first, second) = try yard()
        let url = "file://\(yard.source)"
        #expect(try yard.make(from: url).release.revision == second)
        try yard.write("a/one.py", "3")
        try yard.git("commit", "--quiet", "--all", "--amend", "--message=third")
        try yard.git("tag", "--force", "v1")
        let third = try yard.git("rev-parse", "HEAD")
        #expect(try yard.make(repository: url).release.revision == third)
        #expect(try yard.make(revision: "v1", repository: url).release.revision == third)
        #expect(try yard.make(revision: first, repository: url).release.revision == first)
        #expect(
            try yard.make(repository: url).release.source == "\(url)#HEAD")
        let release = try yard.make(revision: "main", repository: yard.source).release
        #expect(release.revision == third)
    }

    @Test func `a bare repository is one without being told`() throws {
        let (yard, _, second) = try yard()
        try yard.output("git", "clone", "--quiet", "--bare", yard.source, yard.path + "/bare")
        #expect(try yard.make(from: yard.path + "/bare").release.revision == second)
    }

    @Test func `what is not there is told, with a way out`() throws {
        let (yard, _, _) = try yard()
        let url = "file://\(yard.source)"
        let plain = yard.path + "/plain"
        try Directory.make(plain, mode: 0o755)
        #expect(
            try yard.failure { try yard.make(revision: "v9") }
                .hasPrefix("there is no revision 'v9' in '\(yard.source)': "))
        #expect(
            try yard.failure { try yard.make(from: url, revision: "v9") }
                .contains("was it pushed?"))
        #expect(
            try yard.failure { try yard.make(from: plain, revision: "v9") }
                .contains("is no git repository"))
        #expect(
            try yard.failure { try yard.make(from: "file://\(plain)") }
                .hasPrefix("cannot fetch from 'file://\(plain)': "))
        #expect(
            try yard.failure { try yard.make(revision: "--upload-pack=x") }
                .contains("is no revision"))
        #expect(yard.leftBehind.isEmpty)
    }

    @Test func `nobody is asked for a password, and none is shown`() throws {
        let yard = try Yard()
        // Nobody listens on port 1.
        let url = "http://me:s3cret-word@127.0.0.1:1/app.git"
        let error = try yard.failure { try yard.make(from: url) }
        #expect(error.hasPrefix("cannot fetch from 'http://127.0.0.1:1/app.git': "))
        #expect(!(yard.lines.joined() + error).contains("s3cret"))
        #expect(yard.lines == ["fetching http://127.0.0.1:1/app.git#HEAD"])
    }

    @Test func `the password reaches git all the same`() throws {
        let yard = try Yard()
        let aside = yard.path + "/aside"
        try Directory.make(aside, mode: 0o700)
        let git = try Git(
            Tools(takesSignals: false), aside: aside,
            environment: ["PATH": "/usr/bin:/bin", "HOME": yard.path],
            url: GitURL("https://me:a%40b%20%22c@example.org/app.git"))
        let script = "printf 'protocol=https\\nhost=example.org\\n\\n' | git credential fill"
        let outcome = try git.ask(["-c", "alias.try=!\(script)", "try"])
        #expect(outcome.text.contains("username=me\npassword=a@b \"c\n"))
        #expect(TextFile.read(aside + "/gitconfig")?.contains("a@b") == false)
    }

    @Test(arguments: [
        ("https://token@h/x", "https://h/x"), ("https://u:p@h:1/x", "https://h:1/x"),
        ("https://u:p@q@h/x", "https://h/x"), ("ssh://git@h/x", "ssh://git@h/x"),
        ("ssh://git:p@h/x", "ssh://git@h/x"), ("git@h:x.git", "git@h:x.git"),
        ("file:///a@b", "file:///a@b"),
    ])
    func `an address is shown without secrets`(_ url: String, _ shown: String) {
        #expect(GitURL(url).shown == shown)
    }

    @Test func `submodules and LFS are refused, not left out`() throws {
        let (yard, first, _) = try yard()
        try yard.git("update-index", "--add", "--cacheinfo", "160000,\(first),vendor/lib")
        try yard.git("commit", "--quiet", "--message=submodule")
        let error = try yard.failure { try yard.make(revision: "HEAD") }
        #expect(error.contains("the submodule 'vendor/lib'"))
        try yard.git("reset", "--quiet", "--hard", "v1")
        try yard.write(".gitattributes", "*.bin filter=lfs diff=lfs\n")
        try yard.git("add", ".")
        try yard.git("commit", "--quiet", "--message=lfs")
        #expect(try yard.failure { try yard.make(revision: "HEAD") }.contains("git LFS"))
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func `a repository of another user is no obstacle`() throws {
        let (yard, _, second) = try yard()
        try yard.output("chown", "-R", "65534:65534", yard.source)
        #expect(try yard.make(revision: "HEAD").release.revision == second)
        #expect(try yard.make(from: "file://\(yard.source)").release.revision == second)
    }
}
