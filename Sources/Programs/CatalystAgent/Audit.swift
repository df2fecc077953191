internal import ControlProtocol
internal import ControlServer
internal import LinuxSystem
internal import StackModel

/// Who asked for what, and what came of it: each change, and each refusal unless they come in a flood.
final class Audit {
    private unowned let agent: Agent
    private var refused = 0
    private var windowEnd = Moment.zero

    init(agent: Agent) { self.agent = agent }

    func listen(to server: ControlServer) {
        server.onAnswer = { [unowned self] in answered($0, $1, $2) }
        server.onRefusal = { [unowned self] in refused($0, $1, $2) }
    }

    /// Before it is done: what an agent dies of was asked for all the same.
    func asked(_ request: ControlRequest, _ connection: ControlConnection) {
        guard request.changes, request.command.takesTime else { return }
        record(.asked, .notice, "asked by \(caller(connection)): \(request.words)")
    }

    private func answered(
        _ request: ControlRequest, _ reply: ControlReply?, _ connection: ControlConnection
    ) {
        let outcome =
            if let reply {
                reply.error.map { "not done: \($0.message)" } ?? reply.message ?? "done"
            } else {
                "its asker left before the answer, and it goes on"
            }
        record(
            .answered, reply?.error == nil ? .info : .warning,
            "\(request.words), by \(caller(connection)): \(outcome)")
    }

    private func refused(
        _ request: ControlRequest, _ why: String, _ connection: ControlConnection
    ) {
        let now = Clock.now()
        if now >= windowEnd {
            refused = 0
            windowEnd = now + AgentLimits.refusalsWindow
            agent.loop.setAlarm(at: windowEnd) { [weak self] in self?.tellTheRest() }
        }
        refused += 1
        guard refused <= AgentLimits.refusalsToldMax else { return }
        record(
            .refused, .warning,
            "\(request.words), by \(caller(connection)), is refused: \(why)")
    }

    private func tellTheRest() {
        let rest = refused - AgentLimits.refusalsToldMax
        refused = 0
        guard rest > 0 else { return }
        record(.refused, .warning, "and \(rest) more requests were refused in the same minute")
    }

    private func caller(_ connection: ControlConnection) -> String {
        connection.caller?.fullWords ?? "somebody who is gone"
    }

    private func record(
        _ kind: EventRecord.Kind, _ priority: EventRecord.Priority, _ message: String
    ) {
        agent.record(
            kind, nil, priority, message.count <= 600 ? message : "\(message.prefix(599))…")
    }
}

extension ControlRequest.Command {
    /// It is told when it is asked for, and again when it is answered; all else only then.
    fileprivate var takesTime: Bool {
        switch self {
        case .up, .down, .start, .stop, .restart, .reload, .deploy, .rollback, .cancelRollout,
            .resumeRollout, .reexec, .drill:
            true
        case .status, .health, .why, .events, .logs, .config, .version, .limits, .alerts, .metrics,
            .history, .isolation, .acknowledge, .silence, .releases, .rollouts, .maintenanceStart,
            .maintenanceEnd, .testAlert, .snapshot:
            false
        }
    }
}
