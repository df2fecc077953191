import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

/// The scripts that the operator's handbook names, run as it says.
struct DocumentedScriptsTests {
    @Test func `health-check says how all are, and its exit status says it to scripts`() throws {
        let ill = try answered(status(Sample.trouble)) { try script("health-check.sh", [], $0) }
        #expect(ill.output.contains("✓ redis          healthy"))
        #expect(ill.output.contains("✗ scanner        unhealthy: no answer in time"))
        #expect(ill.status == 1)
        let well = try answered(status(Sample.status([Sample.service("redis")]))) {
            try script("health-check.sh", [], $0)
        }
        #expect(well.output == "✓ redis  healthy, answered in 12ms\n")
        #expect(well.status == 0)
    }

    @Test func `health-check-single says how one is`() throws {
        func single(_ words: String...) throws -> Program {
            try answered(status(Sample.trouble)) {
                try script("health-check-single.sh", words, $0)
            }
        }
        #expect(try single("redis").output == "✓ redis  healthy, answered in 12ms\n")
        #expect(try single("redis").status == 0)
        #expect(try single("scanner").status == 1)
        #expect(try single("radis").status == 2)
        #expect(try single().status == 2)
        #expect(try single("redis", "news").status == 2)
    }

    @Test(arguments: ["health-check.sh", "health-check-single.sh", "deploy-update.sh"])
    func `without an agent they say so, and are 3`(name: String) throws {
        let place = try Checkout()
        defer { place.remove() }
        let words = name == "health-check-single.sh" ? ["redis"] : []
        let program = try script(
            name, words, "/nowhere/control.sock", ["CATALYST_SOURCE=\(place.clone)"])
        #expect(program.errors.contains("cannot reach the agent at '/nowhere/control.sock'"))
        #expect(program.status == 3)
    }

    @Test func `deploy-update pulls, and deploys what came`() throws {
        let place = try Checkout()
        defer { place.remove() }
        let newest = try place.commit("second")
        let agent = try TinyAgent(try text(.end("rollout 1 succeeded")))
        defer { agent.stop() }
        let program = try script(
            "deploy-update.sh", ["--reason", "news"], agent.path,
            ["CATALYST_SOURCE=\(place.clone)"])
        #expect(program.errors == "")
        #expect(program.output == "rollout 1 succeeded\n")
        #expect(program.status == 0)
        var expected = ControlRequest(.deploy, wait: true)
        expected.source = place.clone
        expected.revision = newest
        expected.reason = "news"
        #expect(try asked(agent) == expected)
    }

    @Test func `deploy-update takes a revision, and passes a failure on`() throws {
        let place = try Checkout()
        defer { place.remove() }
        let first = try place.git(place.origin, "rev-parse", "HEAD")
        try place.git(place.origin, "tag", "v1")
        _ = try place.commit("second")
        let agent = try TinyAgent(try text(.failure(.failed, "scanner failed")))
        defer { agent.stop() }
        let environment = ["CATALYST_SOURCE=\(place.clone)"]
        let program = try script("deploy-update.sh", ["v1"], agent.path, environment)
        #expect(program.status == 1)
        #expect(program.errors == "catalystctl: scanner failed\n")
        #expect(try asked(agent)?.revision == first)
        let unknown = try script("deploy-update.sh", ["v9"], agent.path, environment)
        #expect(unknown.errors.contains("has no revision 'v9'"))
        #expect(unknown.status == 1)
        #expect(agent.requests.count == 1)
    }

    @Test func `deploy-update of what cannot be pulled deploys nothing`() throws {
        let agent = try TinyAgent(try text(.end("done")))
        defer { agent.stop() }
        let program = try script(
            "deploy-update.sh", [], agent.path, ["CATALYST_SOURCE=\(agent.directory)"])
        #expect(program.errors.contains("is no git checkout"))
        #expect(program.status == 1)
        #expect(agent.requests == [])
    }

    private func script(
        _ name: String, _ words: [String], _ socket: String, _ environment: [String] = []
    ) throws -> Program {
        let top = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "PATH=\(try Program.buildFolder()):/usr/local/bin:/usr/bin:/bin"
        return try Program(
            ["bash", "/\(top)/scripts/\(name)"] + words,
            environment: environment + Checkout.variables + [path, "CATALYST_SOCKET=\(socket)"],
            executable: "/usr/bin/env")
    }

    private func answered(_ answer: String, _ run: (String) throws -> Program) throws -> Program {
        let agent = try TinyAgent(answer)
        defer { agent.stop() }
        return try run(agent.path)
    }

    private func asked(_ agent: TinyAgent) throws -> ControlRequest? {
        try agent.requests.first.map {
            try JSONLines.decode(ControlRequest.self, from: Array($0.utf8))
        }
    }

    private func status(_ status: StackStatus) throws -> String {
        var reply = ControlReply.end()
        reply.status = status
        return try text(reply)
    }
}

/// A repository with one commit, and a clone of it.
private struct Checkout {
    let directory: String
    var origin: String { directory + "/origin" }
    var clone: String { directory + "/clone" }

    /// Nobody's settings have a part in it.
    static let variables = [
        "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
        "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a",
        "GIT_COMMITTER_EMAIL=a@example.org",
    ]

    init() throws {
        // As another process finds it, where /tmp is a link.
        let made = try temporaryDirectory()
        directory = try contentsOfLink(made)
        try git("/", "init", "--quiet", origin)
        _ = try commit("first")
        try git("/", "clone", "--quiet", origin, clone)
    }

    /// Its full name.
    func commit(_ message: String) throws -> String {
        try git(origin, "commit", "--quiet", "--allow-empty", "-m", message)
        return try git(origin, "rev-parse", "HEAD")
    }

    @discardableResult
    func git(_ place: String, _ words: String...) throws -> String {
        let program = try Program(
            ["git", "-C", place] + words,
            environment: Self.variables + ["PATH=/usr/local/bin:/usr/bin:/bin"],
            executable: "/usr/bin/env")
        guard program.status == 0 else { throw TestFailure("git \(words): \(program.errors)") }
        return program.output.split(separator: "\n").joined()
    }

    func remove() {
        // What is left of it is found by whoever cleans /tmp.
        _ = try? Program(
            ["rm", "-rf", directory], environment: ["PATH=/usr/bin:/bin"],
            executable: "/usr/bin/env")
    }
}

private func contentsOfLink(_ path: String) throws -> String {
    guard let resolved = realpath(path, nil) else { throw TestFailure("no '\(path)'") }
    defer { free(resolved) }
    return String(cString: resolved)
}
