internal import LinuxSystem
internal import StackModel
internal import SystemPackage

/// One run of `catalystctl` for the agent, which itself parses no YAML and fetches no code; or of another program.
final class ToolRun {
    struct Outcome {
        var exit: ExitReason
        /// What it printed.
        var output: [UInt8]
        /// What it said beside that, its end where there is much.
        var complaints: String
        var isLate: Bool
    }

    private let agent: Agent
    private let name: String
    private let onLine: (String) -> Void
    private var tree: ProcessTree?
    private var output: [UInt8] = []
    private var complaints: [UInt8] = []
    private var line: [UInt8] = []
    private var exit = ExitReason.unknown
    private var isLate = false
    private var alarm: AlarmID?
    /// The end of both pipes and the exit come in any order; the last of the three decides.
    private var awaited = 3
    private var done: ((Outcome) -> Void)?

    /// Calls `done` once, on the loop; `onLine` with each line that it says on the way.
    init(
        _ arguments: [String], of program: String? = nil, named name: String,
        descriptors: [FileDescriptor] = [], timeout: Duration, agent: Agent,
        onLine: @escaping (String) -> Void = { _ in }, done: @escaping (Outcome) -> Void
    ) throws {
        self.agent = agent
        self.name = name
        self.onLine = onLine
        self.done = done
        let program = program ?? agent.options.programDirectory + "/catalystctl"
        try start([program] + arguments, descriptors)
        alarm = agent.loop.setAlarm(after: timeout) { [self] in
            isLate = true
            kill()
        }
    }

    /// Ends it with all that it started; `done` is called all the same.
    func kill() { tree?.kill() }

    private func start(_ arguments: [String], _ descriptors: [FileDescriptor]) throws {
        var request = SpawnRequest(
            arguments: arguments, environment: agent.options.environment)
        request.descriptors = descriptors
        let out = try Pipe()
        let err = try Pipe()
        request.output = .descriptor(out.writeEnd)
        request.error = .descriptor(err.writeEnd)
        request.diesWithAgent = true
        let mark = "\(agent.options.identity).\(name).run\(agent.nextProbeID())"
        request.environment[ProcessTree.markName] = mark
        let child: Child
        do {
            child = try request.spawn()
        } catch {
            out.closeBoth()
            err.closeBoth()
            throw error
        }
        out.closeWriteEnd()
        err.closeWriteEnd()
        let tree = ProcessTree(leader: child.pid, cgroup: nil, mark: mark)
        self.tree = tree
        try out.drain(
            on: agent.loop, bytesMax: AgentLimits.resolvedBytesMax,
            into: { [self] in output += $0 }, atEnd: { [self] in arrived() })
        try err.drain(
            on: agent.loop, bytesMax: AgentLimits.toolOutputBytesMax, into: { [self] in hear($0) },
            atEnd: { [self] in arrived() })
        try agent.reaper.watch(child) { [self] reason in
            exit = reason
            // What it started holds the pipes open.
            if !reason.isSuccess { tree.kill() }
            arrived()
        }
    }

    private func hear(_ bytes: [UInt8]) {
        complaints += bytes
        if complaints.count > AgentLimits.complaintsBytesMax {
            complaints.removeFirst(complaints.count - AgentLimits.complaintsBytesMax)
        }
        for byte in bytes {
            if byte != UInt8(ascii: "\n") {
                if line.count < AgentLimits.evidenceLineLengthMax { line.append(byte) }
                continue
            }
            onLine(String(decoding: line, as: UTF8.self))
            line = []
        }
    }

    private func arrived() {
        awaited -= 1
        guard awaited == 0 else { return }
        agent.loop.cancel(alarm)
        let done = done
        self.done = nil
        done?(
            Outcome(
                exit: exit, output: output, complaints: String(decoding: complaints, as: UTF8.self),
                isLate: isLate))
    }
}
