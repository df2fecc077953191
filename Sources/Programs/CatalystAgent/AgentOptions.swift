internal import Glibc
internal import LinuxSystem
internal import StackModel

/// Where this agent finds and keeps its things.
package struct AgentOptions: Sendable {
    /// In merge order; empty: those of this machine, `/etc/catalyst/stack.yaml` first.
    package var stackFiles: [String]
    package var profiles: [String] = []
    package var environmentFile: String?
    /// The cgroup of a unit that is to hold the services' ones, below the cgroup2 file system; nil: the agent's own.
    package var cgroup: String?
    package var stateDirectory: String
    package var socketPath: String
    /// This program's own file, or what took its place since.
    package var program: String
    /// Where the other programs are: `catalystctl`, `catalyst-collector`.
    package var programDirectory: String
    /// This program's flags, as they were given.
    package var arguments: [String] = []
    /// The agent's own environment; services get only the harmless part of it.
    package var environment: [String: String]

    /// What is nil is where the machine has it. `program`: this program's own path; the others are beside it.
    package init(
        environment: [String: String], stackFiles: [String], state: String?, socket: String?,
        program: String
    ) {
        self.environment = environment
        self.stackFiles = stackFiles
        let user = geteuid()
        stateDirectory = state ?? defaultStateDirectory(uid: user, environment: environment)
        socketPath =
            socket
            ?? defaultRuntimeDirectory(uid: user, environment: environment) + "/"
            + controlSocketName
        self.program = program
        programDirectory = program.lastIndex(of: "/").map { String(program[..<$0]) } ?? "."
    }

    package static let defaultStack = defaultStackFile
    package static let version = catalystVersion

    var logDirectory: String { stateDirectory + "/logs" }
    /// Beside the control socket: in memory on a server, where making and removing a thousand costs nothing.
    var fifoDirectory: String { runtimeDirectory + "/fifo-" + identity }
    var runtimeDirectory: String {
        socketPath.lastIndex(of: "/").map { String(socketPath[..<$0]) } ?? "."
    }
    var ledgerFile: String { stateDirectory + "/ledger.sqlite" }
    /// The operator's wishes.
    var stateFile: String { stateDirectory + "/state.json" }
    /// What is known of the services, in this boot.
    var instancesFile: String { runtimeDirectory + "/instances-\(identity).json" }
    var lastGoodStack: String { stateDirectory + "/last-good-stack.json" }
    /// The definitions before and after a rollout that is under way.
    var oldStackFile: String { stateDirectory + "/rollout-old.json" }
    var newStackFile: String { stateDirectory + "/rollout-new.json" }
    var lockFile: String { stateDirectory + "/lock" }

    /// What `catalystctl` needs to resolve the stack.
    var stackArguments: [String] {
        (stackFiles.isEmpty ? defaultStackFiles() : stackFiles).flatMap { ["--file", $0] }
            + profiles.flatMap { ["--profile", $0] }
            + (environmentFile.map { ["--env-file", $0] } ?? [])
    }

    /// Short, and different for each state directory: names cgroups and sockets of this agent.
    var identity: String { String(stateDirectory.utf8.fingerprint(), radix: 16) }
}
