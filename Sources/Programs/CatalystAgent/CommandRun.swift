internal import Glibc
internal import LinuxSystem
internal import StackModel

/// One run of a command, a CMD probe or `on_alert`, killed with all its children when its time is over.
final class CommandRun {
    private unowned let agent: Agent
    private(set) var tree: ProcessTree?
    private var alarm: AlarmID?
    private var said: [UInt8] = []
    private var exit: ExitReason?
    private var isLate = false
    private var done: ((Report) -> Void)?
    private let started = Clock.now()

    /// Calls `done` once, on the loop, unless it is abandoned before. `resources`: of the service it belongs to.
    init(
        _ request: SpawnRequest, of owner: String, _ resources: Resources = Resources(),
        timeout: Duration, agent: Agent, done: @escaping (Report) -> Void
    ) {
        self.agent = agent
        self.done = done
        do {
            try start(request, of: owner, resources, timeout: timeout)
        } catch {
            // Told in the next turn: the caller does not expect an answer before its call returns.
            agent.loop.setAlarm(after: .zero) {
                self.finish(Report(.unknown("cannot run it: \(error)")))
            }
        }
    }

    /// Nobody needs the answer any more.
    func abandon() {
        done = nil
        agent.loop.cancel(alarm)
        tree?.kill()
    }

    private func start(
        _ request: SpawnRequest, of owner: String, _ resources: Resources, timeout: Duration
    ) throws {
        var request = request
        let output = try Pipe()
        request.output = .descriptor(output.writeEnd)
        request.error = .descriptor(output.writeEnd)
        let mark = "\(agent.options.identity).\(owner).run\(agent.nextProbeID())"
        request.environment[ProcessTree.markName] = mark
        let child: Child
        do {
            request.cgroup = try agent.cgroups?.make(
                "\(owner).run\(agent.nextProbeID())", for: resources.ofCompanions
            ).cgroup
            child = try request.spawn()
        } catch {
            output.closeBoth()
            throw error
        }
        output.closeWriteEnd()
        let tree = ProcessTree(leader: child.pid, cgroup: request.cgroup, mark: mark)
        self.tree = tree
        try agent.reaper.watch(child) { reason in
            self.exit = reason
            // What it started ends with it, so that the pipe ends too.
            tree.kill()
            self.clear(tree)
        }
        try output.drain(
            on: agent.loop, bytesMax: AgentLimits.probeOutputBytesMax, into: { self.said += $0 },
            atEnd: { self.finishIfEnded() })
        alarm = agent.loop.setAlarm(after: timeout) {
            self.isLate = true
            tree.kill()
            self.finish(
                Report(.failed(.timedOut), latency: Clock.now() - self.started, body: self.body))
        }
    }

    /// Kills until nothing is left: something may have been born between two looks.
    private func clear(_ tree: ProcessTree) {
        guard tree.isEmpty else {
            tree.kill()
            agent.loop.setAlarm(after: AgentLimits.emptinessPoll) { self.clear(tree) }
            return
        }
        try? tree.cgroup?.remove()  // Empty, and nobody else's.
        finishIfEnded()
    }

    private func finishIfEnded() {
        guard let exit, !isLate else { return }
        let outcome: Report.Outcome =
            switch exit {
            case .exited(code: 0): .healthy
            case .exited(let code): .failed(.exitCode(code))
            case .signaled, .outOfMemory, .notStarted, .unknown: .failed(.other("it \(exit)"))
            }
        finish(Report(outcome, latency: Clock.now() - started, body: body))
    }

    private var body: String? { said.isEmpty ? nil : String(decoding: said, as: UTF8.self) }

    private func finish(_ report: Report) {
        agent.loop.cancel(alarm)
        let done = done
        self.done = nil
        done?(report)
    }
}
