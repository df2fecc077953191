import Glibc
import LinuxSystem
import StackModel
import TestSupport
import Testing

@testable import Releases

/// Releases of directories and tarballs, and what is the same for all.
@Suite(.ownThreads)
struct ReleaseMakerTests {
    @Test func `a directory becomes a release as it is, read-only, without git`() throws {
        let yard = try Yard()
        try yard.write("a/one.py", "1")
        try yard.write("a/run", "2", mode: 0o755)
        try yard.write("a/own", "3", mode: 0o4600)
        try yard.write(".git/config", "no")
        #expect(symlink("../elsewhere", yard.source + "/a/link") == 0)
        let release = try yard.make().release
        #expect(
            try yard.contents(of: release)
                == ["a/", "a/link -> ../elsewhere", "a/one.py: 1", "a/own: 3", "a/run: 2"])
        let place = "\(yard.root)/releases/\(release.id)"
        #expect(
            try yard.output("stat", "-c", "%a", place, place + "/a", place + "/a/one.py")
                == "555\n555\n444\n")
        #expect(
            try yard.output("stat", "-c", "%a", place + "/a/run", place + "/a/own") == "555\n400\n")
        #expect(yard.shelf.list() == [release])
        #expect(
            (release.source, release.revision, release.version) == (yard.source, nil, release.id))
        #expect(yard.leftBehind == [release.id, release.id + ".json"])
    }

    @Test func `its digests are those of the source, whatever the build makes`() throws {
        let yard = try Yard()
        try yard.write("a/one.py", "1")
        try yard.write("other", "2")
        let expected = try yard.shelf.digests(of: yard.source, sources: ["a": ["a"], "b": []])
        let release = try yard.make(.sample(build: "date +%N > a/built")).release
        #expect(release.digests == expected)
    }

    @Test func `the version is what VERSION says`() throws {
        let yard = try Yard()
        try yard.write("VERSION", "5.4.0\nmore\n")
        #expect(try yard.make().release.version == "5.4.0")
        try yard.write("VERSION", "\n")
        let release = try yard.make().release
        #expect(release.version == release.id)
    }

    @Test func `what is made of the same in the same way is not made again`() throws {
        let yard = try Yard()
        try yard.write("a/one.py", "1")
        let build = "echo $CATALYST_RELEASE > id"
        let first = try yard.make(.sample(build: build)).release
        #expect(try yard.make(.sample(build: build)).release == first)
        #expect(try yard.make(.sample(build: build), isPlan: true).release == first)
        let other = try yard.make(.sample(build: build + "; true")).release
        try yard.write("a/one.py", "2")
        let third = try yard.make(.sample(build: build + "; true")).release
        #expect(yard.shelf.list().map(\.id) == [third.id, other.id, first.id])
        #expect(try yard.contents(of: third) == ["a/", "a/one.py: 2", "id: \(third.id)\n"])
    }

    @Test func `a plan keeps nothing`() throws {
        let yard = try Yard()
        try yard.write("a/one.py", "1")
        let plan = try yard.make(.sample(build: "echo built >&2"), isPlan: true)
        #expect(plan.release.digests.count == 2)
        #expect(yard.leftBehind.isEmpty)
        #expect(!yard.lines.contains("built"))
    }

    @Test func `a build is told line by line, and leaves a log`() throws {
        let yard = try Yard()
        try yard.write("VERSION", "7")
        let build = "echo $PWD $CATALYST_VERSION; echo $TOKEN${PGPASSWORD-none} >&2; printf end"
        let release = try yard.make(
            .sample(build: build), environment: ["TOKEN": "s3cret", "PGPASSWORD": "s3cret"]
        ).release
        let said = ["\(yard.root)/releases/\(release.id) 7", "none", "end"]
        #expect(yard.lines.suffix(4).prefix(3) == said[...])
        let log = TextFile.read(yard.shelf.logPath(of: release.id))
        #expect(log == said.map { $0 + "\n" }.joined())
    }

    @Test func `a build that fails is told with its last lines, and leaves no release`() throws {
        let yard = try Yard()
        let build = "for i in $(seq 30); do echo line $i; done; exit 3"
        let error = try yard.failure { try yard.make(.sample(build: build)) }
        #expect(error.contains("exited with code 3") && error.contains("  line 30\n"))
        #expect(error.contains("  line 11\n") && !error.contains("  line 10\n"))
        #expect(yard.leftBehind == ["failed-build.log"])
        let log = TextFile.read(yard.root + "/releases/failed-build.log")
        #expect(log?.hasPrefix("line 1\n") == true && error.contains("failed-build.log"))
    }

    @Test func `a build that takes too long is ended with all that it started`() throws {
        let yard = try Yard()
        var stack = StackSpec.sample(
            build: "echo $$; sleep 1000 & setsid sleep 1000 & echo begun; wait")
        stack.releases.buildTimeout = .milliseconds(500)
        let error = try yard.failure { try yard.make(stack) }
        #expect(error.contains("took longer than 0.5 seconds"))
        #expect(yard.leftBehind == ["failed-build.log"])
        #expect(yard.builders.isEmpty)
    }

    @Test func `what a build leaves running does not outlive it`() throws {
        let yard = try Yard()
        try yard.make(.sample(build: "sleep 1000 & setsid sleep 1000 >/dev/null 2>&1 & echo done"))
        #expect(yard.builders.isEmpty)
    }

    @Test(arguments: [
        ("tar", ""), ("tar.gz", "gzip"), ("tgz", "gzip"), ("tar.xz", "xz"), ("tar.zst", "zstd"),
    ])
    func `a tarball becomes a release`(_ suffix: String, _ program: String) throws {
        guard has("tar"), program.isEmpty || has(program) else { return }
        let yard = try Yard()
        try yard.write("a/one.py", "1")
        try yard.write("VERSION", "9")
        let file = "\(yard.path)/app.\(suffix)"
        try yard.output("tar", "-C", yard.source, "--auto-compress", "-cf", file, ".")
        let flat = try yard.make(from: file).release
        #expect(try yard.contents(of: flat) == ["VERSION: 9", "a/", "a/one.py: 1"])
        #expect((flat.version, flat.source) == ("9", file))
        // All in one directory: as it is packed for others.
        try yard.output("tar", "-C", yard.path, "--auto-compress", "-cf", file, "source")
        #expect(try yard.make(from: file).release == flat)
    }

    @Test(arguments: [
        ("../out", "cp out ..; tar -P -cf $T ../out"),
        ("/etc/hostname", "tar -P -cf $T --transform 's,^one,/etc/hostname,' one"),
        ("x/../../out", "tar -P -cf $T --transform 's,^one,x/../../out,' one"),
        ("../out", "ln one two; tar -P -cf $T --transform 's,^one,../out,' one two"),
        ("a FIFO", "mkfifo pipe; tar -cf $T pipe"),
    ])
    func `a tarball that would leave its directory is refused before anything is written`(
        _ what: String, _ command: String
    ) throws {
        guard has("tar") else { return }
        let yard = try Yard()
        try yard.write("one", "1")
        try yard.write("out", "2")
        let file = yard.path + "/evil.tar"
        try yard.output(
            "sh", "-ec", "cd \(yard.source); T=\(file); \(command)")
        try yard.output("rm", "-f", yard.path + "/out")
        let error = try yard.failure { try yard.make(from: file) }
        #expect(error.contains(what) && error.contains("refused"))
        #expect(
            yard.leftBehind.isEmpty && !exists(yard.path + "/out") && !exists(yard.root + "/out"))
    }

    @Test func `a tarball cannot write through a link of its own`() throws {
        guard has("tar") else { return }
        let yard = try Yard()
        let command = """
            cd \(yard.source); mkdir ../target; ln -s ../../../target x; tar -cf ../evil.tar x
            rm x; mkdir x; echo 1 > x/file; tar -rf ../evil.tar x/file
            """
        try yard.output("sh", "-ec", command)
        _ = try? yard.make(from: yard.path + "/evil.tar")
        #expect(Directory.names(in: yard.path + "/target").isEmpty)
    }

    @Test func `what cannot be a source is told`() throws {
        let yard = try Yard()
        try yard.write("file", "1")
        try yard.write(to: yard.path + "/broken.tar.gz", "no tarball")
        let cases = [
            (yard.path + "/nowhere", "there is no '\(yard.path)/nowhere'"),
            (yard.source + "/file", "is neither a directory nor a tarball"),
            (yard.path + "/broken.tar.gz", "cannot read the tarball"),
            (yard.root, "is where releases are kept"),
        ]
        for (source, words) in cases {
            let error = try yard.failure { try yard.make(from: source) }
            #expect(error.contains(words))
        }
        #expect(mkfifo(yard.source + "/pipe", 0o644) == 0)
        #expect(try yard.failure { try yard.make() }.contains("neither a file, a directory nor"))
        #expect(yard.leftBehind.isEmpty)
    }

    @Test func `releases that lie below the source are not part of it`() throws {
        let yard = try Yard()
        try yard.write("source/a", "1")
        let release = try yard.make(from: yard.path).release
        #expect(!(try yard.contents(of: release)).contains { $0.hasPrefix("root") })
    }

    @Test func `too little room is told before anything is fetched`() throws {
        let yard = try Yard()
        let room = try Storage.room(at: yard.root)
        var stack = StackSpec.sample()
        stack.releases.spaceMin = ByteCount(bytes: room.bytes * 2)
        let error = try yard.failure { try yard.make(stack) }
        #expect(error.hasPrefix("not enough room for the build below '\(yard.root)': "))
        #expect(throws: ReleaseError.self) {
            try RoomCheck(root: yard.root, spaceMin: ByteCount(bytes: .max))
                .require(1, files: 0, for: "x")
        }
        if let files = room.files {
            #expect(throws: ReleaseError.self) {
                try RoomCheck(root: yard.root, spaceMin: ByteCount(bytes: 0))
                    .require(1, files: files * 2, for: "x")
            }
        }
        #expect(yard.leftBehind.isEmpty)
    }
}

struct ReleaseIDTests {
    private let now = Timestamp(nanoseconds: 1_795_356_000_999_999_999)

    @Test func `an id is its time and what it is made of`() {
        let id = ReleaseID.next(
            at: now, digits: "3f2a91c0ffee", after: nil, isTaken: { _ in false })
        #expect(id == "20261122T140000Z-3f2a91c")
    }

    @Test(arguments: [
        ("20261122T140000Z-fffffff", "20261122T140001Z-3f2a91c"),
        ("20261231T235959Z-fffffff", "20270101T000000Z-3f2a91c"),
        ("20261122T135959Z-fffffff", "20261122T140000Z-3f2a91c"),
        ("by-hand", "20261122T140000Z-3f2a91c"),
    ])
    func `it sorts behind the newest, also when the clock was set back`(
        _ newest: String, _ expected: String
    ) {
        let id = ReleaseID.next(at: now, digits: "3f2a91c", after: newest, isTaken: { _ in false })
        #expect(id == expected)
    }

    @Test func `no two are the same`() {
        let taken: Set = ["20261122T140000Z-3f2a91c", "20261122T140001Z-3f2a91c"]
        let id = ReleaseID.next(at: now, digits: "3f2a91c", after: nil, isTaken: taken.contains)
        #expect(id == "20261122T140002Z-3f2a91c")
    }
}
