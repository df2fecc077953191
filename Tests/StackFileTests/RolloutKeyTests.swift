import StackModel
import Testing

@testable import StackFile

@Test(arguments: [
    ("127.0.0.1:5001", [Port(number: 5001)]),
    ("'[::1]:5001'", [Port(address: "::1", number: 5001)]),
    ("/run/app.sock", []), ("'@catalyst/app'", []),
])
func `an owned socket is an address, a path or an abstract name`(
    address: String, ports: [Port]
) throws {
    let text = address.filter { $0 != "'" }
    let short = try loadService("command: x\nx-catalyst: {listen: \(address)}")
    #expect(short.errors == [] && short.warnings == [])
    let spec = try #require(short["a"])
    #expect((spec.listen, spec.backlog, spec.ports) == (text, 1024, ports))
    let long = try loadService(
        "command: x\nx-catalyst: {listen: {address: \(address), backlog: 65535}}")
    #expect(long.errors == [] && long.warnings == [])
    #expect((long["a"]?.listen, long["a"]?.backlog) == (text, 65_535))
}

@Test func `the probe of an owned socket is no second claim to its port`() throws {
    let outcome = try load(
        """
        services:
          a:
            command: x --fd 3
            healthcheck: {test: [HTTP, "http://localhost:5001/health"]}
            ports: ["127.0.0.1:5001:5001"]
            x-catalyst: {listen: 127.0.0.1:5001}
        """)
    #expect(outcome.errors == [])
    #expect(outcome["a"]?.ports == [Port(number: 5001)])
}

@Test func `a hold is a command, and how often and how long it is asked`() throws {
    for hold in ["'test -e x'", "[test, -e, x]", "{command: test -e x}"] {
        let outcome = try loadService("command: x\nx-catalyst: {hold: \(hold)}")
        #expect(outcome["a"]?.hold == Hold(command: ["test", "-e", "x"]))
    }
    let outcome = try loadService(
        "command: x\nx-catalyst: {hold: {command: [y], every: 1s, limit: 1h}}")
    let hold = try #require(outcome["a"]?.hold)
    #expect((hold.command, hold.every, hold.limit) == (["y"], .seconds(1), .seconds(3600)))
}

@Test func `the version of a release, its sources and the drain are read`() throws {
    let outcome = try loadService(
        """
        command: x
        healthcheck: {test: [HTTP, "http://127.0.0.1:80/"]}
        x-catalyst: {contract: {version: release}, source: services/a, drain: 30s}
        """)
    #expect(outcome.errors == [] && outcome.warnings == [])
    let spec = try #require(outcome["a"])
    #expect((spec.contract.version, spec.source) == ("release", ["services/a"]))
    #expect(spec.drain == .seconds(30))
    let paths = try loadService("command: x\nx-catalyst: {source: [./a//b/, ., ...]}")
    #expect(paths["a"]?.source == ["a/b", ".", "..."])
}

@Test func `releases say where they are, from what and how they are made`() throws {
    let outcome = try load(
        """
        services: {a: {command: x}}
        x-catalyst:
          releases:
            directory: /opt//catalyst/
            repository: https://example.org/catalyst.git
            build: python3 -m venv venv && venv/bin/pip install .
            build_timeout: 20m
            keep: 3
            stack: deploy/stack.yaml
            space: 2g
        """)
    #expect(outcome.errors == [] && outcome.warnings == [])
    let policy = try #require(outcome.stack?.releases)
    #expect(policy.directory == "/opt/catalyst")
    #expect(policy.repository == "https://example.org/catalyst.git")
    #expect(
        policy.build == ["/bin/sh", "-ec", "python3 -m venv venv && venv/bin/pip install ."])
    #expect((policy.buildTimeout, policy.keep) == (.seconds(1200), 3))
    #expect((policy.stack, policy.spaceMin) == ("deploy/stack.yaml", .mebibytes(2048)))
}

@Test(arguments: [
    ("git@example.org:catalyst.git", true), ("ssh://git@example.org/c.git", true),
    ("/srv/git/c.git", true), ("file:///srv/c.git", true), ("host:c.git", true),
    ("ext::sh -c id", false), ("--upload-pack=id:x", false), ("ext://x", false), ("c.git", false),
    ("../c.git", false), ("''", false),
])
func `a repository is a URL or an absolute path, and never runs a command`(
    text: String, isTaken: Bool
) throws {
    let outcome = try load(
        """
        services: {a: {command: x}}
        x-catalyst:
          releases:
            repository: \(text)
        """)
    #expect((outcome.stack?.releases.repository == text) == isTaken)
    #expect(outcome.errors.isEmpty == isTaken)
}

@Test func `a build is a shell's line, or a list of words that no shell sees`() throws {
    let outcome = try load(
        """
        services: {a: {command: x}}
        x-catalyst: {releases: {build: [make, "a b"]}}
        """)
    #expect(outcome.stack?.releases.build == ["make", "a b"])
}

@Test func `a later file changes part of a socket, a hold or a build`() throws {
    let folder = try StackFolder([
        "base.yaml": """
        services:
          a: {command: x, x-catalyst: {listen: 127.0.0.1:80, hold: [a, b], source: [s]}}
          b: {command: x, x-catalyst: {listen: {address: 127.0.0.1:81, backlog: 5}}}
        x-catalyst:
          releases: {directory: /opt/a, build: [make, all]}
          alerts: {on_alert: [page, me]}
        """,
        "over.yaml": """
        services:
          a: {x-catalyst: {listen: {backlog: 9}, hold: {limit: 1m}, source: [t]}}
          b: {x-catalyst: {listen: 127.0.0.1:82, hold: [c]}}
        x-catalyst:
          releases: {build: [ninja]}
          alerts: {on_alert: [tell, you]}
        """,
    ])
    let outcome = folder.load(["base.yaml", "over.yaml"])
    #expect(outcome.errors == [])
    let (a, b) = (try #require(outcome["a"]), try #require(outcome["b"]))
    #expect((a.listen, a.backlog, a.source) == ("127.0.0.1:80", 9, ["s", "t"]))
    #expect((a.hold?.command, a.hold?.limit) == (["a", "b"], .seconds(60)))
    #expect((b.listen, b.backlog, b.hold) == ("127.0.0.1:82", 5, Hold(command: ["c"])))
    #expect(outcome.stack?.releases.build == ["ninja"])
    #expect(outcome.stack?.releases.directory == "/opt/a")
    #expect(outcome.stack?.alerts.onAlert == ["tell", "you"])
}
