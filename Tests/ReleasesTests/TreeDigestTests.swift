import Glibc
import StackModel
import Testing

@testable import Releases

struct TreeDigestTests {
    private func yard() throws -> Yard {
        let yard = try Yard()
        try yard.write("a/one.py", "1\n")
        try yard.write("a/deep/two.py", "2\n")
        try yard.write("run", "#!/bin/sh\n", mode: 0o755)
        #expect(symlink("a/one.py", yard.source + "/link") == 0)
        return yard
    }

    private func digests(_ yard: Yard) throws -> [ServiceName: String] {
        try yard.shelf.digests(
            of: yard.source,
            sources: ["a": ["a"], "run": ["./run", "link"], "all": [], "absent": ["nowhere"]])
    }

    @Test func `copies are the same, wherever and whenever they are made`() throws {
        let yard = try yard()
        let before = try digests(yard)
        try yard.output("cp", "-r", "--no-dereference", yard.source, yard.path + "/copy")
        try yard.output("mv", yard.source, yard.path + "/gone")
        try yard.output("mv", yard.path + "/copy", yard.source)
        try yard.output("chmod", "-R", "g-r,o-r", yard.source)
        try yard.write(".git/HEAD", "not part of it")
        #expect(try digests(yard) == before)
    }

    @Test(arguments: [
        ("a content", ["a", "all"], "echo 3 > a/one.py"),
        ("a name", ["a", "all"], "mv a/one.py a/uno.py"),
        ("a new file", ["a", "all"], "touch a/deep/three.py"),
        ("a new directory", ["a", "all"], "mkdir a/deep/er"),
        ("a lost file", ["a", "all"], "rm a/deep/two.py"),
        ("an x bit", ["all", "run"], "chmod -x run"),
        ("a link's target", ["all", "run"], "ln -sf a/deep/two.py link"),
        ("a link that became a file", ["all", "run"], "rm link && cp a/one.py link"),
        ("a file that became a directory", ["all", "run"], "rm run && mkdir run"),
        ("what was missing", ["absent", "all"], "touch nowhere"),
        ("a name that only begins like a source", ["all"], "touch a.py"),
        ("nothing but time", [], "touch a/one.py"),
    ])
    func `a change shows, and only where it counts`(
        _ what: String, _ changed: [String], _ command: String
    ) throws {
        let yard = try yard()
        let before = try digests(yard)
        try yard.output("sh", "-ec", "cd \(yard.source); \(command)")
        let after = try digests(yard)
        #expect(before.keys.filter { before[$0] != after[$0] }.map(\.text).sorted() == changed)
    }

    @Test func `a content cannot pass for another entry`() throws {
        let (one, other) = (try Yard(), try Yard())
        try one.write("x\n", "")
        try other.write("x", "")
        #expect(try TreeDigest(of: one.source).whole != TreeDigest(of: other.source).whole)
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func `what cannot be read is an error, not a digest`() throws {
        let yard = try yard()
        chmod(yard.source + "/a/one.py", 0)
        #expect(throws: ReleaseError.self) { try digests(yard) }
    }
}
