import StackModel
import Testing

struct ReleaseTests {
    private let root = "/opt/catalyst"
    private let release = Release(
        id: "20261122T140000Z-3f2a91c", version: "5.4.0", source: "s",
        madeAt: Timestamp(nanoseconds: 0))

    private func pinned(_ text: String) -> String? {
        ServiceSpec(name: "a", command: [text]).pinned(to: release, root: root).command.first
    }

    private func unpinned(_ text: String) -> String? {
        ServiceSpec(name: "a", command: [text]).unpinned(root: root).command.first
    }

    @Test(arguments: [
        ("/opt/catalyst/current", "/opt/catalyst/releases/R"),
        ("/opt/catalyst/current/bin/a", "/opt/catalyst/releases/R/bin/a"),
        ("--dir=/opt/catalyst/current/a", "--dir=/opt/catalyst/releases/R/a"),
        (
            "/opt/catalyst/current/a:/opt/catalyst/current/b",
            "/opt/catalyst/releases/R/a:/opt/catalyst/releases/R/b"
        ),
        ("-I/opt/catalyst/current/a", "-I/opt/catalyst/releases/R/a"),
        ("file:///opt/catalyst/current/a", "file:///opt/catalyst/releases/R/a"),
        ("/opt/catalyst/current$A", "/opt/catalyst/releases/R$A"),
        ("cd /opt/catalyst/current && ./a", "cd /opt/catalyst/releases/R && ./a"),
        ("'/opt/catalyst/current'", "'/opt/catalyst/releases/R'"),
        ("cd /opt/catalyst/current\n./a", "cd /opt/catalyst/releases/R\n./a"),
        ("(cd /opt/catalyst/current)", "(cd /opt/catalyst/releases/R)"),
        ("/opt/catalyst/releases/older/bin", "/opt/catalyst/releases/R/bin"),
        ("/opt/catalyst/releases/.making-7/bin", "/opt/catalyst/releases/R/bin"),
        ("/opt/catalyst/currently", "/opt/catalyst/currently"),
        ("/opt/catalyst/current-old/a", "/opt/catalyst/current-old/a"),
        ("/opt/catalyst/current.bak", "/opt/catalyst/current.bak"),
        ("/opt/catalyst/releases", "/opt/catalyst/releases"),
        ("/opt/catalyst/releases/", "/opt/catalyst/releases/"),
        ("/opt/catalyst/data/current", "/opt/catalyst/data/current"),
        ("/opt/catalyst2/current", "/opt/catalyst2/current"),
        ("/mnt/opt/catalyst/current", "/mnt/opt/catalyst/current"),
        ("current/a", "current/a"),
    ])
    func `paths into a release lead into the one it is pinned to`(
        _ text: String, _ expected: String
    ) {
        #expect(pinned(text) == expected.replacing("releases/R", with: "releases/\(release.id)"))
    }

    @Test func `it holds wherever a definition names a path`() {
        let path = root + "/current/x"
        let expected = "\(root)/releases/\(release.id)/x"
        var spec = ServiceSpec(name: "a", command: ["a"])
        spec.workingDirectory = path
        spec.environment = ["PYTHONPATH": path]
        spec.hold = Hold(command: [path])
        spec.hooks.preStart = [Hooks.Hook(command: [path])]
        spec.hooks.preStop = [Hooks.Hook(command: ["a"])]
        spec.hooks.preStop[0].workingDirectory = path
        spec.healthCheck.probe = .shell("cd \(path) && ./check")
        let pinned = spec.pinned(to: release, root: root)
        #expect(pinned.workingDirectory == expected)
        #expect(pinned.environment["PYTHONPATH"] == expected)
        #expect(pinned.hold?.command == [expected])
        #expect(pinned.hooks.preStart.first?.command == [expected])
        #expect(pinned.hooks.preStop.first?.workingDirectory == expected)
        #expect(pinned.healthCheck.probe == .shell("cd \(expected) && ./check"))
        #expect(pinned.release == release.id)
        #expect(pinned.environment["CATALYST_VERSION"] == "5.4.0")
        #expect(pinned.unpinned(root: root) == spec)
    }

    @Test func `two releases' definitions are the same when only the release differs`() {
        var other = release
        other.id = "20261123T140000Z-0000000"
        other.version = "5.5.0"
        let spec = ServiceSpec(name: "a", command: [root + "/current/a", "-x"])
        let (old, new) = (spec.pinned(to: release, root: root), spec.pinned(to: other, root: root))
        #expect(old != new)
        #expect(old.unpinned(root: root) == new.unpinned(root: root))
        #expect(old.pinned(to: other, root: root) == new)
        #expect(unpinned("\(root)/releases/x/a") == root + "/current/a")
    }

    @Test func `what leads nowhere into a release is none of its business`() {
        var spec = ServiceSpec(name: "redis", command: ["redis-server", "--dir", "/var/lib/redis"])
        #expect(spec.pinned(to: release, root: root) == spec)
        spec.source = ["services/a"]
        #expect(spec.pinned(to: release, root: root).release == release.id)
    }

    @Test func `the version to expect is that of the release it runs from`() {
        var spec = ServiceSpec(name: "a", command: ["a"])
        spec.contract.version = "release"
        #expect(spec.pinned(to: release, root: root).effectiveContract.version == "5.4.0")
        spec.contract.version = "5.3.0"
        #expect(spec.pinned(to: release, root: root).effectiveContract.version == "5.3.0")
    }
}
