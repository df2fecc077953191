internal import ControlProtocol
internal import ControlServer
internal import LinuxSystem
internal import StackModel
internal import Supervision

extension Agent {
    /// Answers a request of somebody who may ask it.
    func answer(_ request: ControlRequest, _ connection: ControlConnection) {
        let known = stack?.order ?? []
        let named = request.services ?? []
        if let unknown = named.first(where: { !known.contains($0) }) {
            return connection.send(
                stack == nil
                    ? Self.notYet : .failure(.unknownService, "there is no service '\(unknown)'"))
        }
        switch request.command {
        case .status, .health:
            reply(connection) { $0.status = status(of: named.isEmpty ? nil : named) }
        case .version: reply(connection) { $0.version = version }
        case .limits: reply(connection) { $0.limits = AgentLimits.all }
        case .config: reply(connection) { $0.config = stack?.spec.redacted() }
        case .events: events(request, connection)
        case .logs: streamLogs(request, named.isEmpty ? known : named, connection)
        case .why: explain(named, connection)
        case .up, .down, .start, .stop, .restart, .reload: change(request, named, connection)
        }
    }

    private static let notYet = ControlReply.failure(
        .busy, "the stack file is still being read: ask again in a moment")

    private func reply(_ connection: ControlConnection, _ fill: (inout ControlReply) -> Void) {
        var reply = ControlReply.end()
        fill(&reply)
        connection.send(reply)
    }

    private func events(_ request: ControlRequest, _ connection: ControlConnection) {
        let services = request.services ?? []
        let records = chronicle.records.filter { record in
            (services.isEmpty || record.service.map(services.contains) ?? false)
                && request.since.map { record.time >= $0 } ?? true
        }
        for record in records.suffix(max(0, request.tail ?? AgentLimits.eventsMax)) {
            var reply = ControlReply()
            reply.event = record
            connection.send(reply)
        }
        guard request.follow == true else { return connection.send(.end()) }
        connection.keepOpen()
        listeners.append(Listener(connection: connection, services: services))
    }

    private func change(
        _ request: ControlRequest, _ named: [ServiceName], _ connection: ControlConnection
    ) {
        guard let stack else { return connection.send(Self.notYet) }
        guard !stack.isShuttingDown else {
            return connection.send(.failure(.stopping, "the agent is stopping"))
        }
        let services = named.isEmpty ? stack.order : named
        let words = [request.command.rawValue] + named.map(\.text)
        record(
            .asked, nil, .notice,
            "asked by \(asker(connection)): \(words.joined(separator: " "))")
        let goal: Waiter.Goal
        switch request.command {
        case .up, .start:
            post(.startRequested(services))
            goal = .well
        case .down, .stop:
            post(.stopRequested(services))
            goal = .down
        case .restart:
            post(.restartRequested(services))
            goal = .restarted
        default:
            return reload { [unowned self] refusal in reloaded(refusal, request, connection) }
        }
        rememberWishes()
        finish(request, connection, goal, services)
    }

    private func reloaded(
        _ refusal: String?, _ request: ControlRequest, _ connection: ControlConnection
    ) {
        if let refusal { return connection.send(.failure(.badStack, refusal)) }
        let wanted = stack?.order.filter { stack?.members[$0]?.isWanted == true } ?? []
        finish(request, connection, .restarted, wanted)
    }

    private func finish(
        _ request: ControlRequest, _ connection: ControlConnection, _ goal: Waiter.Goal,
        _ services: [ServiceName]
    ) {
        guard request.wait != false else { return connection.send(.end("under way")) }
        wait(connection, for: goal, of: services)
    }

    private func asker(_ connection: ControlConnection) -> String {
        guard let peer = connection.peer else { return "somebody who is gone" }
        return "\(peer.user == 0 ? "root" : "user \(peer.user)") (pid \(peer.pid))"
    }
}
