import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

/// A child that cannot be started: the step, what it was about, and why.
struct SpawnErrorTests {
    @Test(arguments: [false, true])
    func `each step that fails is told in words`(classic: Bool) throws {
        let folder = Folder()
        let plain = folder.file("plain", "echo hello\n")
        let script = folder.file("script", "echo hello\n", mode: 0o755)
        let orphan = folder.file("orphan", "#!/nowhere/sh\n", mode: 0o755)
        expect(
            "cannot run '/nowhere/program': no such file, or its interpreter is missing", classic
        ) {
            $0.arguments = ["/nowhere/program"]
        }
        expect("cannot run '\(orphan)': no such file, or its interpreter is missing", classic) {
            $0.arguments = [orphan]
        }
        expect("cannot run 'no-such-program': not found in PATH", classic) {
            $0.arguments = ["no-such-program"]
        }
        expect("cannot run '\(plain)': permission denied", classic) { $0.arguments = [plain] }
        expect("cannot run '/': permission denied", classic) { $0.arguments = ["/"] }
        expect(
            "cannot run '\(script)': not a program: a script needs a first line such as #!/bin/sh",
            classic
        ) {
            $0.arguments = [script]
        }
        expect("cannot run 'true': argument list too long", classic) {
            $0.arguments.append(String(repeating: "x", count: 200_000))
        }
        expect("cannot enter '/nowhere': no such file or directory", classic) {
            $0.directory = "/nowhere"
        }
        expect("cannot enter '\(plain)': not a directory", classic) { $0.directory = plain }
        expect("cannot open standard output '/nowhere/out': no such file or directory", classic) {
            $0.output = .fifo("/nowhere/out")
        }
        expect("cannot open standard error '/nowhere/err': no such file or directory", classic) {
            $0.error = .fifo("/nowhere/err")
        }
        expect("cannot hand over descriptor 4: bad file descriptor", classic) {
            $0.descriptors = [.standardError, FileDescriptor(rawValue: 1_000_000)]
        }
        expect("cannot set the ulimit 'nofile': invalid argument", classic) {
            $0.confinement.ulimits["nofile"] = Confinement.Ulimit(soft: 10, hard: 5)
        }
        expect("there is no ulimit 'wings'", classic) {
            $0.confinement.ulimits["wings"] = Confinement.Ulimit(soft: 1, hard: 1)
        }
        expect("there is no capability 'FLY'", classic) {
            $0.confinement.capabilitiesDropped = ["FLY"]
        }
        expect("there is no command to run", classic) { $0.arguments = [] }
        expect("cannot open the cgroup '/nowhere': no such file or directory", classic) {
            $0.cgroup = Cgroup(path: "/nowhere")
        }
    }

    @Test func `a user or a group that is not there is named`() {
        #expect(throws: SpawnError("there is no user 'no-such-user' on this machine")) {
            try Identity("no-such-user")
        }
        #expect(throws: SpawnError("there is no group 'no-such-group' on this machine")) {
            try Identity("0:no-such-group")
        }
    }

    @Test func `numbers name users that have no entry`() throws {
        let identity = try Identity("41234:41235")
        #expect(identity.user == 41234)
        #expect(identity.group == 41235)
        #expect(try Identity("root").home == "/root")
        #expect(try Identity("nobody").user == Identity.nobody().user)
    }

    /// Only one who is not root is refused.
    @Test(.enabled(if: !isRoot)) func `what only root may is refused to others`() {
        expect("cannot make a mount namespace (needs root): operation not permitted", false) {
            $0.confinement.readOnly = true
        }
        expect("cannot set the OOM score to -500: permission denied", false) {
            $0.confinement.oomScoreAdjustment = -500
        }
        expect("cannot add capabilities: the agent does not run as root", false) {
            $0.confinement.capabilitiesAdded = ["NET_ADMIN"]
        }
        expect("cannot become group 0: operation not permitted", false) {
            $0.identity = Identity(user: 0, group: 0, groups: [0], name: "root", home: "/")
        }
    }

    /// Mounting needs root.
    @Test(.enabled(if: isRoot)) func `a tmpfs without a place is told`() {
        expect("cannot mount a tmpfs on '/nowhere/tmp': no such file or directory", false) {
            $0.confinement.tmpfs = ["/run", "/nowhere/tmp"]
        }
    }

    /// Becoming a user who may not reach the program needs root.
    @Test(.enabled(if: isRoot)) func `a program that the user may not reach is told`() {
        let folder = Folder()
        mkdir("\(folder.path)/private", 0o700)
        let program = folder.file("private/program", "#!/bin/sh\n", mode: 0o755)
        expect("cannot run '\(program)': permission denied", false) {
            $0.arguments = [program]
            $0.identity = .nobody()
        }
    }

    private func expect(
        _ words: String, _ classic: Bool, at location: SourceLocation = #_sourceLocation,
        _ change: (inout SpawnRequest) -> Void
    ) {
        var request = SpawnRequest.of("true")
        request.usesClassicClone = classic
        change(&request)
        do {
            let child = try request.spawn()
            Issue.record("it started", sourceLocation: location)
            _ = child.killAndAwait()
        } catch {
            #expect(error.description == words, sourceLocation: location)
        }
    }
}
