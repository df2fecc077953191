internal import ControlProtocol
internal import ControlServer
internal import Ledger
internal import LinuxSystem
internal import StackModel
internal import Supervision

extension Agent {
    /// Answers a request of somebody who may ask it.
    func answer(_ request: ControlRequest, _ connection: ControlConnection) {
        audit.asked(request, connection)
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
        case .alerts: alerts(request, connection)
        case .metrics: series(request, connection)
        case .history: history(named, connection)
        case .isolation: isolation(of: named.isEmpty ? known : named, connection)
        case .acknowledge: acknowledge(request, connection)
        case .silence: silence(request, connection)
        case .maintenanceStart: beginMaintenance(request, connection)
        case .maintenanceEnd: endMaintenance(connection)
        case .testAlert: testAlerts(request, connection)
        case .snapshot: snapshot(connection)
        case .reexec: replace(connection)
        case .drill: drilling.begin(request, connection)
        case .releases: listReleases(connection)
        case .rollouts: listRollouts(request, connection)
        case .deploy, .rollback, .restart, .cancelRollout, .resumeRollout:
            roll(request, connection)
        case .up, .down, .start, .stop, .reload: change(request, named, connection)
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
        connection.keepOpen()
        let services = request.services ?? []
        let tail = min(max(0, request.tail ?? AgentLimits.eventsMax), AgentLimits.eventsMax)
        // Of several, each may be rare among the others.
        let service = services.count == 1 ? services.first : nil
        let isEnough = services.count < 2
        ledger.ask({
            $0.events(
                of: service, since: request.since,
                tail: isEnough ? tail : AgentLimits.eventsMax, $1)
        }) { [unowned self] (kept: [EventRecord]?) in
            // What is not on the disk yet is in memory; without a ledger all there is.
            var records = kept ?? []
            let last = records.last?.id ?? 0
            let since = request.since ?? Timestamp(nanoseconds: 0)
            records += chronicle.records.filter {
                (kept == nil || $0.id > last) && $0.time >= since
            }
            let chosen = records.filter { record in
                services.isEmpty || record.service.map(services.contains) ?? false
            }
            for record in chosen.suffix(tail) {
                var reply = ControlReply()
                reply.event = record
                connection.send(reply)
            }
            guard request.follow == true else { return connection.send(.end()) }
            listeners.append(Listener(connection: connection, services: services))
        }
    }

    private func change(
        _ request: ControlRequest, _ named: [ServiceName], _ connection: ControlConnection
    ) {
        guard let stack else { return connection.send(Self.notYet) }
        guard !stack.isShuttingDown else {
            return connection.send(.failure(.stopping, "the agent is stopping"))
        }
        let services = named.isEmpty ? stack.order : named
        let dependents = services.flatMap { stack.dependents(of: .service($0)) }
        let operation = alarms.beginOperation(
            on: services + dependents, "\(request.command.rawValue) by \(asker(connection))")
        let goal: Waiter.Goal
        switch request.command {
        case .up, .start:
            post(.startRequested(services))
            goal = .well
        case .down, .stop:
            post(.stopRequested(services))
            goal = .down
        default:
            return reload { [unowned self] refusal in
                reloaded(refusal, request, connection, operation)
            }
        }
        rememberWishes()
        finish(request, connection, goal, services, operation)
    }

    private func roll(_ request: ControlRequest, _ connection: ControlConnection) {
        guard stack != nil else { return connection.send(Self.notYet) }
        if let words = drilling.words {
            return connection.send(.failure(.busy, "\(words): wait until it is over"))
        }
        switch request.command {
        case .deploy: rolling.deploy(request, connection)
        case .rollback: rolling.rollBack(request, connection)
        case .cancelRollout: rolling.cancel(request, connection)
        case .resumeRollout: rolling.resume(request, connection)
        default: rolling.restart(request, connection)
        }
    }

    private func reloaded(
        _ refusal: String?, _ request: ControlRequest, _ connection: ControlConnection,
        _ operation: Int
    ) {
        if let refusal {
            alarms.endOperation(operation)
            return connection.send(.failure(.badStack, refusal))
        }
        let wanted = stack?.order.filter { stack?.members[$0]?.isWanted == true } ?? []
        finish(request, connection, .restarted, wanted, operation)
    }

    private func finish(
        _ request: ControlRequest, _ connection: ControlConnection, _ goal: Waiter.Goal,
        _ services: [ServiceName], _ operation: Int
    ) {
        let isAwaited = request.wait != false
        if !isAwaited { connection.send(.end("under way")) }
        wait(isAwaited ? connection : nil, for: goal, of: services, operation: operation)
    }

    func asker(_ connection: ControlConnection) -> String {
        connection.caller?.words ?? "somebody who is gone"
    }
}
