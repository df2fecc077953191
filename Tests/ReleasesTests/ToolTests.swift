import Glibc
import JSONLines
import LinuxSystem
import StackModel
import SystemPackage
import TestSupport
import Testing

@testable import Releases

/// `catalystctl release`, as the agent runs it.
@Suite(.ownThreads)
struct ToolTests {
    private let machine = """
        name: machine
        x-catalyst:
          releases: {space: 0, build: "echo built > built"}
        services:
          a: {command: [/bin/true], x-catalyst: {source: [a]}}
        """

    private func yard(_ stack: String) throws -> Yard {
        let yard = try Yard()
        try yard.write(to: yard.path + "/etc/stack.yaml", stack)
        try yard.write("a/one.py", "1")
        return yard
    }

    private func prepared(_ outcome: (status: Int32, output: String)) throws -> PreparedRelease {
        try #require(outcome.status == 0, "\(outcome.output)")
        let line = try #require(outcome.output.split(separator: "\n").last)
        return try JSONLines.decode(PreparedRelease.self, from: Array(line.utf8))
    }

    @Test func `a release is prepared, and opened again`() throws {
        let yard = try yard(machine)
        let made = try prepared(yard.tool("prepare", "--source", yard.source))
        #expect(yard.shelf.list() == [made.release])
        #expect(made.stack.services.map(\.name) == ["a"])
        #expect(try yard.contents(of: made.release) == ["a/", "a/one.py: 1", "built: built\n"])
        #expect(try prepared(yard.tool("open", "--id", made.release.id)) == made)
        let outcome = try yard.tool("open", "--id", "19700101T000000Z-0000000")
        #expect(outcome.status == 1 && outcome.output.contains("'catalystctl releases'"))
    }

    @Test(.enabled(if: has("git"), "git is not installed"))
    func `the stack's repository is the source, and its files are for all users`() throws {
        let yard = try yard("")
        let stack = machine.replacing("{space: 0", with: "{space: 0, repository: \(yard.source)")
        try yard.write(to: yard.path + "/etc/stack.yaml", stack)
        try yard.git("init", "--quiet", ".")
        try yard.git("add", ".")
        try yard.git("commit", "--quiet", "--message=first")
        let words = try yard.words(["prepare"])
        let outcome = TestSupport.run(
            ["sh", "-c", "umask 077; exec \"$@\"", "sh"] + words, environment: ["HOME": yard.path])
        let release = try prepared(outcome).release
        #expect(release.source == yard.source + "#HEAD")
        let place = "\(yard.root)/releases/\(release.id)"
        let modes = try yard.output("stat", "-c", "%a", place, place + "/a", place + "/a/one.py")
        #expect(modes == "555\n555\n444\n")
    }

    @Test func `a release's own stack takes the first one's place, but no secrets`() throws {
        let yard = try yard(machine)
        try yard.write(to: yard.path + "/etc/more.yaml", "services: {c: {command: [/bin/c]}}")
        try yard.write(to: yard.path + "/etc/.env", "WORD=machine\n", mode: 0o600)
        try yard.write(".env", "WORD=release\nOTHER=release\n", mode: 0o600)
        try yard.write(
            "deep/stack.yaml",
            """
            name: own
            x-catalyst: {releases: {space: 0, build: [touch, own]}}
            services:
              b: {command: ["/bin/b", "${WORD}", "${OTHER:-none}"], working_dir: ../a}
            """)
        let words = ["--stack-name", "deep/stack.yaml", "--file", yard.path + "/etc/more.yaml"]
        let plan = try prepared(
            yard.tool(["prepare", "--plan", "--source", yard.source] + words))
        let made = try prepared(yard.tool(["prepare", "--source", yard.source] + words))
        #expect(made.release.hasStack)
        #expect(made.stack.services.map(\.command) == [["/bin/b", "machine", "none"], ["/bin/c"]])
        let place = "\(yard.root)/releases/\(made.release.id)"
        #expect(made.stack.services.first?.workingDirectory == place + "/a")
        #expect(exists(place + "/own"))
        #expect(try prepared(yard.tool(["open", "--id", made.release.id] + words)) == made)
        // What was only planned means the same.
        #expect(
            plan.stack.services.map { $0.unpinned(root: yard.root) }
                == made.stack.services.map { $0.unpinned(root: yard.root) })
        unlink(yard.path + "/etc/.env")
        let outcome = try yard.tool(["open", "--id", made.release.id] + words)
        #expect(outcome.status == 1 && outcome.output.contains("missing variable 'WORD'"))
    }

    @Test func `mistakes in a release's stack are told with their lines, and nothing is kept`()
        throws
    {
        let yard = try yard(machine)
        try yard.write("stack.yaml", "services:\n  b:\n    comand: x\n    restart: allways\n")
        let outcome = try yard.tool("prepare", "--source", yard.source)
        #expect(outcome.status == 1)
        #expect(
            outcome.output.contains("stack.yaml:3: ") && outcome.output.contains("stack.yaml:4: "))
        #expect(!outcome.output.contains(".making"))
        #expect(yard.leftBehind.isEmpty)
    }

    @Test func `an error says what, why and what to do, and is no success`() throws {
        let yard = try yard(machine)
        let outcome = try yard.tool("prepare")
        #expect(outcome.status == 1)
        #expect(
            outcome.output.hasPrefix(
                "catalystctl: cannot make a release: no source is given, and the stack names no "))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `a polite signal ends a build, and leaves nothing`(_ signal: Int32) async throws {
        let yard = try yard(
            machine.replacing("echo built", with: "touch $$HOME/begun; sleep 1000; echo built"))
        let tool = try yard.startTool()
        try await eventually("the build runs") { exists(yard.path + "/begun") }
        kill(tool, signal)
        #expect(exitStatus(of: tool) == 1)
        #expect(yard.leftBehind.isEmpty && yard.builders.isEmpty)
    }

    @Test func `a making that is killed at any moment leaves no half release`() async throws {
        let seed: UInt64 = 20_261_122
        var chance = Chance(seed: seed)
        let yard = try yard(
            machine.replacing(
                "echo built",
                with:
                    "touch $$HOME/begun; setsid sleep 1000 & mkdir out; for i in 1 2 3 4 5; do echo $$i > out/$$i; "
                    + "sleep 0.02; done; echo built"))
        for number in 0..<40 { try yard.write("many/\(number)", "\(number)") }
        let start = Clock.now()
        _ = try prepared(yard.tool("prepare", "--source", yard.source))
        let usual = Clock.now() - start
        for round in 0..<16 {
            try yard.write("a/one.py", "round \(round)")
            unlink(yard.path + "/begun")
            let tool = try yard.startTool()
            // At any moment of all; then of the build, however slow the machine is.
            if round % 2 == 1 {
                try await eventually("the build runs") { exists(yard.path + "/begun") }
            }
            let longest = round % 2 == 1 ? .milliseconds(150) : usual
            usleep(UInt32(chance.duration(.zero, longest) / .microseconds(1)))
            kill(tool, SIGKILL)
            _ = exitStatus(of: tool)
            for release in yard.shelf.list() { try expectWhole(release, yard, "round \(round)") }
        }
        let last = try prepared(yard.tool("prepare", "--source", yard.source)).release
        #expect(yard.shelf.list().first?.id == last.id)
        let files = yard.shelf.list().flatMap { [$0.id, $0.id + ".json", $0.id + ".log"] }
        #expect(Set(yard.leftBehind).isSubset(of: files), "seed \(seed)")
        #expect(yard.builders.isEmpty)
    }

    private func expectWhole(_ release: Release, _ yard: Yard, _ round: String) throws {
        let contents = try yard.contents(of: release)
        #expect(contents.contains("built: built\n"), "\(round)")
        #expect(contents.contains("out/5: 5\n"), "\(round)")
        #expect(contents.filter { $0.hasPrefix("many/") }.count == 41, "\(round)")
        let place = "\(yard.root)/releases/\(release.id)"
        #expect(try yard.output("find", place, "-perm", "/222") == "", "\(round)")
    }

    @Test(.enabled(if: geteuid() == 0 && has("unshare"), "only root may mount a small disk"))
    func `a disk that is full is told, and the next making works`() throws {
        let yard = try yard(
            machine.replacing(
                "echo built", with: "test ! -e fill || head -c 20M /dev/zero > x; echo built"))
        let tool =
            try "\(buildFolder())/catalystctl release prepare --root \(yard.root)"
            + " --file \(yard.path)/etc/stack.yaml --source"
        let story = """
            mount -t tmpfs -o size=8m none \(yard.root)
            cd \(yard.path)
            cp -r source large; head -c 20M /dev/zero > large/zeros
            cp -r source filling; touch filling/fill
            ! \(tool) $PWD/large || exit 1
            test ! -e root/releases/*.json
            ! \(tool) $PWD/filling || exit 1
            test ! -e root/releases/*.json
            \(tool) $PWD/source >/dev/null
            ls root/releases
            """
        let (status, output) = TestSupport.run(["unshare", "--mount", "sh", "-exc", story])
        #expect(status == 0, "\(output)")
        #expect(output.contains("not enough room for the directory's files below '\(yard.root)': "))
        #expect(output.lowercased().contains("no space left on device"))
        #expect(output.contains("the build failed: "))
    }
}

extension Yard {
    func words(_ words: [String]) throws -> [String] {
        let program = try buildFolder() + "/catalystctl"
        let start = [program, "release"] + words.prefix(1) + ["--root", root]
        return start + ["--file", path + "/etc/stack.yaml"] + words.dropFirst()
    }

    func tool(_ words: String...) throws -> (status: Int32, output: String) { try tool(words) }

    func tool(_ words: [String]) throws -> (status: Int32, output: String) {
        TestSupport.run(try self.words(words), environment: ["HOME": path])
    }

    /// Prepares the source, without waiting.
    func startTool() throws -> Int32 {
        var request = SpawnRequest(arguments: try words(["prepare", "--source", source]))
        request.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": path]
        let child = try request.spawn()
        return child.pid
    }

    /// Processes that build a release of it.
    var builders: [Int32] {
        Proc.all().filter { entry in
            entry.state != "Z"
                && Proc.environmentValue(Workplace.buildMark, of: entry.pid)?
                    .hasPrefix(root + "/") == true
        }.map(\.pid)
    }
}

private func exitStatus(of pid: Int32) -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
}

/// Where this very test program lies, and `catalystctl` beside it.
private func buildFolder() throws -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    return String(path[..<(try #require(path.lastIndex(of: "/")))])
}

/// Waits for a condition; a busy machine may take its time.
private func eventually(_ what: String, _ isSo: () -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while !isSo() {
        guard ContinuousClock.now < end else {
            Issue.record("never: \(what)")
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}
