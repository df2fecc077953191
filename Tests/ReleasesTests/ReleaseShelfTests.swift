import Glibc
import LinuxSystem
import StackModel
import Synchronization
import TestSupport
import Testing

@testable import Releases

struct ReleaseShelfTests {
    /// Releases as they lie on the disk, without making them.
    private func yard(_ ids: [String]) throws -> Yard {
        let yard = try Yard()
        for id in ids {
            try yard.write(to: "\(yard.root)/releases/\(id)/deep/file", id, mode: 0o444)
            try FileTree(of: yard.shelf.path(of: id)).seal()
            try ReleaseRecord(
                Release(id: id, version: "v\(id)", source: "s", madeAt: .init(nanoseconds: 1)),
                tree: "t", build: nil
            ).write(to: yard.shelf.recordPath(of: id))
        }
        return yard
    }

    @Test func `releases are listed newest first, damaged and half ones are not`() throws {
        let yard = try yard(["1", "3", "2", "4", "5"])
        try yard.write(to: yard.shelf.recordPath(of: "4"), "{\"id\":")
        try yard.output("mv", yard.shelf.path(of: "5"), yard.shelf.path(of: "moved"))
        try Directory.make(yard.shelf.path(of: "6"), mode: 0o755)
        try yard.write(to: yard.shelf.recordPath(of: "7"), "7")
        #expect(yard.shelf.list().map(\.id) == ["3", "2", "1"])
        #expect(yard.shelf.release("2")?.version == "v2")
        for id in ["4", "5", "6", "7", "", "..", "../releases/2", ".making-1"] {
            #expect(yard.shelf.release(id) == nil)
        }
    }

    @Test func `without a directory there are none`() throws {
        let shelf = ReleaseShelf(root: "/nonexistent/root")
        #expect(shelf.list().isEmpty && shelf.current == nil)
        #expect(shelf.prune(keep: 0, inUse: []).isEmpty)
    }

    @Test func `a record keeps all that is known of a release`() throws {
        let yard = try yard(["1"])
        var release = Release(
            id: "1", version: "5.4.0", source: "s", madeAt: .init(nanoseconds: 1_795_356_000_123))
        release.revision = "abc"
        release.digests = ["news": "d"]
        release.hasStack = true
        let record = ReleaseRecord(release, tree: "t", build: ["make"])
        try record.write(to: yard.shelf.recordPath(of: "1"))
        #expect(yard.shelf.record("1") == record)
    }

    @Test func `current is a relative link, and leads only to whole releases`() throws {
        let yard = try yard(["1", "2"])
        #expect(yard.shelf.current == nil)
        try yard.shelf.makeCurrent("1")
        try yard.shelf.makeCurrent("2")
        #expect(yard.shelf.current == "2")
        #expect(try yard.output("readlink", yard.root + "/current") == "releases/2\n")
        #expect(throws: ReleaseError.self) { try yard.shelf.makeCurrent("3") }
        #expect(throws: ReleaseError.self) { try yard.shelf.makeCurrent("../root/releases/1") }
        #expect(yard.shelf.current == "2")
        #expect(Directory.names(in: yard.root).sorted() == ["current", "releases"])
    }

    @Test func `a directory in the place of current is left alone, and told`() throws {
        let yard = try yard(["1"])
        try yard.write(to: yard.root + "/current/file", "")
        let error = #expect(throws: ReleaseError.self) { try yard.shelf.makeCurrent("1") }
        #expect(error?.description.contains("move what is there out of the way") == true)
        #expect(Directory.names(in: yard.root).sorted() == ["current", "releases"])
    }

    @Test(.ownThreads) func `whoever looks through current always finds a release`() async throws {
        let yard = try yard(["1", "2"])
        try yard.shelf.makeCurrent("1")
        let writing = Flag()
        async let first = seen(through: yard.root + "/current", while: writing)
        async let second = seen(through: yard.root + "/current", while: writing)
        for round in 0..<200 { try yard.shelf.makeCurrent("\(round % 2 + 1)") }
        writing.isOver.store(true, ordering: .relaxed)
        for texts in await [first, second] { #expect(Set(texts).isSubset(of: ["1", "2"])) }
    }

    private func seen(through link: String, while writing: Flag) async -> [String?] {
        await onThread {
            var seen: [String?] = []
            repeat {
                seen.append(TextFile.read(link + "/deep/file"))
            } while !writing.isOver.load(ordering: .relaxed)
            return seen
        }
    }

    @Test func `the oldest go, but never the current one nor one in use`() throws {
        let yard = try yard(["1", "2", "3", "4", "5", "6"])
        try yard.shelf.makeCurrent("1")
        try yard.write(to: yard.shelf.logPath(of: "2"), "log")
        #expect(yard.shelf.prune(keep: 2, inUse: ["3"]) == ["2", "4"])
        #expect(yard.shelf.list().map(\.id) == ["6", "5", "3", "1"])
        #expect(
            yard.leftBehind == ["1", "1.json", "3", "3.json", "5", "5.json", "6", "6.json"])
        #expect(yard.shelf.prune(keep: 2, inUse: ["3"]).isEmpty)
        #expect(yard.shelf.prune(keep: 0, inUse: ["3"]) == ["5", "6"])
        #expect(yard.shelf.prune(keep: -1, inUse: []) == ["3"])
        #expect(yard.shelf.list().map(\.id) == ["1"])
    }

    @Test func `removing does not follow links`() throws {
        let yard = try yard([])
        try yard.write("precious", "kept")
        try Directory.make(yard.path + "/doomed/sealed", mode: 0o755)
        #expect(symlink(yard.source, yard.path + "/doomed/sealed/out") == 0)
        chmod(yard.path + "/doomed/sealed", 0o555)
        try FileTree.remove(yard.path + "/doomed")
        try FileTree.remove(yard.path + "/doomed")
        #expect(TextFile.read(yard.source + "/precious") == "kept")
        #expect(!exists(yard.path + "/doomed"))
    }
}

private final class Flag: Sendable { let isOver = Atomic(false) }
