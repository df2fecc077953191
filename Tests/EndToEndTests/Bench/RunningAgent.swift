import ControlProtocol
import Glibc
import StackModel

/// A real catalystd on a stack of a test's own, with a state directory, a socket and ports of its own.
final class RunningAgent {
    let folder: Folder
    let flags: [String]
    let environment: [String]
    private(set) var program: Program
    /// What agents said that were killed.
    private var earlier = ""

    /// Writes the stack file and starts the agent; returns when it has read it. `prefix`: what catalystd is run by.
    init(
        _ stack: String, in folder: Folder, flags: [String] = [], environment: [String] = [],
        prefix: [String] = []
    ) throws {
        self.folder = folder
        self.flags =
            prefix + [Program.folder + "/catalystd", "--stack", "\(folder.path)/stack.yaml"]
            + ["--state", "\(folder.path)/state", "--socket", "\(folder.path)/control.sock"] + flags
        self.environment = environment
        try folder.write(stack, to: "stack.yaml")
        program = try Program(self.flags, in: folder, environment: environment)
        try awaitAnswer()
    }

    var pid: pid_t { program.pid }
    var socketPath: String { "\(folder.path)/control.sock" }
    var stateFolder: String { "\(folder.path)/state" }
    var identity: String { EndToEndTests.identity(of: stateFolder) }

    func connect() throws -> ControlSocket { try ControlSocket(socketPath) }

    func ask(_ request: ControlRequest) throws -> [ControlReply] { try connect().ask(request) }

    func status() throws -> StackStatus {
        guard let status = try ask(ControlRequest(.status)).last?.status else {
            throw Failure("no status")
        }
        return status
    }

    func service(_ name: ServiceName) throws -> ServiceStatus {
        guard let service = try status().services.first(where: { $0.name == name }) else {
            throw Failure("there is no service '\(name)'")
        }
        return service
    }

    /// The main process of a service.
    func pid(of name: ServiceName) throws -> pid_t {
        guard let pid = try service(name).pid else { throw Failure("'\(name)' has no process") }
        return pid
    }

    func events(of name: ServiceName? = nil) throws -> [EventRecord] {
        try ask(ControlRequest(.events, services: name.map { [$0] } ?? [])).compactMap(\.event)
    }

    @discardableResult
    func catalystctl(_ words: String..., within limit: Duration = patience) throws -> Outcome {
        try run(
            [Program.folder + "/catalystctl", "--socket", socketPath] + words, in: folder,
            within: limit)
    }

    /// The picture of a failure.
    func story() -> String {
        // An agent that does not answer has no picture.
        let services = (try? status().services) ?? []
        return services.map { "\($0.name) \($0.state) \($0.health) \($0.problem ?? "")\n" }.joined()
            + earlier + program.errors
    }

    /// Waits until the status is as wished.
    func expect(
        _ what: String, within limit: Duration = patience,
        _ condition: (StackStatus) throws -> Bool
    ) throws {
        guard try holds(within: limit, { try condition(try status()) }) else {
            throw Failure("not within \(limit): \(what)\n\(story())")
        }
    }

    func expectAllWell(within limit: Duration = patience) throws {
        try expect("all well", within: limit) { $0.state == .healthy }
    }

    func expect(
        _ name: ServiceName, _ what: String, within limit: Duration = patience,
        _ condition: (ServiceStatus) throws -> Bool
    ) throws {
        try expect("'\(name)' \(what)", within: limit) { status in
            try status.services.first { $0.name == name }.map(condition) ?? false
        }
    }

    /// Waits until a service has written this.
    func expectLog(_ text: String, of name: ServiceName, within limit: Duration = patience)
        throws
    {
        let request = ControlRequest(.logs, services: [name], tail: 1, grep: text)
        guard try holds(within: limit, { try ask(request).contains { $0.log != nil } }) else {
            throw Failure("'\(name)' did not write '\(text)'\n\(story())")
        }
    }

    /// Waits for an event of this kind; returns the first after `id`.
    @discardableResult
    func event(
        _ kind: EventRecord.Kind, of name: ServiceName? = nil, after id: UInt64 = 0,
        within limit: Duration = patience,
        where condition: (EventRecord) -> Bool = { _ in true }
    ) throws -> EventRecord {
        var found: EventRecord?
        let isThere = try holds(within: limit) {
            found = try events(of: name).first { $0.kind == kind && $0.id > id && condition($0) }
            return found != nil
        }
        guard isThere, let found else {
            throw Failure("no event '\(kind.rawValue)' of \(name?.text ?? "the agent")\n\(story())")
        }
        return found
    }

    func lastEventID() throws -> UInt64 { try events().last?.id ?? 0 }

    /// SIGKILL to the agent alone: its services go on.
    func kill9() {
        program.signal(SIGKILL)
        _ = program.exitCode(within: .seconds(10))
        earlier += program.errors
    }

    /// Another agent on the same state.
    func startAgain() throws {
        program = try Program(flags, in: folder, environment: environment)
        try awaitAnswer()
    }

    /// SIGTERM, and nothing may be left. Returns the exit code.
    @discardableResult
    func stop(within limit: Duration = patience) throws -> CInt {
        let family = ProcessEntry.descendants(of: pid)
        program.signal(SIGTERM)
        guard let code = program.exitCode(within: limit) else {
            throw Failure("the agent did not stop within \(limit)\n\(story())")
        }
        let left = family.filter(\.isAlive) + ProcessEntry.marked(mark)
        guard left.isEmpty else { throw Failure("left behind: \(left)\n\(program.errors)") }
        let files =
            names(in: "\(folder.path)/fifo-\(identity)")
            + (access(socketPath, F_OK) == 0 ? [socketPath] : [])
            + cgroups
        guard files.isEmpty else { throw Failure("left behind: \(files)\n\(program.errors)") }
        return code
    }

    /// After a failed test: nothing of it may disturb the next.
    func sweep() {
        program.end()
        for entry in ProcessEntry.marked(mark) { kill(entry.pid, SIGKILL) }
        for path in cgroups {
            _ = holds(within: .seconds(2)) {
                for name in names(in: path) { rmdir("\(path)/\(name)") }
                return rmdir(path) == 0
            }
        }
    }

    private var mark: String { "CATALYST_INSTANCE=\(identity)." }

    /// The agent's cgroup, where one is left.
    private var cgroups: [String] { cgroup(named: "catalyst-\(identity)").map { [$0] } ?? [] }

    private func awaitAnswer() throws {
        let isThere = holds {
            // No socket: not there yet.
            guard program.isRunning, let socket = try? connect() else { return false }
            return (try? socket.ask(ControlRequest(.status)))?.last?.status?.stack.isEmpty == false
        }
        guard isThere else {
            throw Failure("the agent does not answer\n\(program.output)\(program.errors)")
        }
    }
}

/// Runs an agent for one test, stops it, and sees to it that nothing is left.
func withAgent(
    _ stack: String, flags: [String] = [], environment: [String] = [],
    _ body: (RunningAgent) throws -> Void
) throws {
    try withAgent(in: Folder(), flags: flags, environment: environment, { _ in stack }, body)
}

/// The same where the stack names files of the test's folder.
func withAgent(
    in folder: Folder, flags: [String] = [], environment: [String] = [], prefix: [String] = [],
    _ stack: (Folder) throws -> String,
    _ body: (RunningAgent) throws -> Void
) throws {
    let agent = try RunningAgent(
        try stack(folder), in: folder, flags: flags, environment: environment, prefix: prefix)
    defer { agent.sweep() }
    do {
        try body(agent)
    } catch {
        throw Failure("\(error)\nthe agent said:\n\(agent.program.errors)")
    }
    if agent.program.isRunning { try agent.stop() }
}

/// As an agent names its cgroup and marks its processes: FNV-1a of the state directory.
func identity(of stateFolder: String) -> String {
    let hash = stateFolder.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    return String(hash, radix: 16)
}

/// The path of a cgroup below our own; nil where there is none.
func cgroup(named name: String) -> String? {
    let mounts = (contents(of: "/proc/self/mounts") ?? "").split(separator: "\n").map {
        $0.split(separator: " ")
    }
    guard let mount = mounts.first(where: { $0.count > 2 && $0[2] == "cgroup2" }) else {
        return nil
    }
    let own =
        (contents(of: "/proc/self/cgroup") ?? "").split(separator: "\n")
        .first { $0.hasPrefix("0::") }?.dropFirst(3) ?? "/"
    let path = "\(mount[1])\(own == "/" ? "" : own)/\(name)"
    return access(path, F_OK) == 0 ? path : nil
}
