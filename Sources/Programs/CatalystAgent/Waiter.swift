internal import ControlProtocol
internal import ControlServer
internal import LinuxSystem
internal import StackModel
internal import Supervision

/// A request that is answered when something has come about. Until then alerts about its services are not told.
final class Waiter {
    enum Goal {
        case well
        case down
        /// Restarted and well again.
        case restarted
    }

    /// Nil: nobody waits for the answer, or no longer.
    var connection: ControlConnection?
    let goal: Goal
    let services: [ServiceName]
    var alarm: AlarmID?
    let started = Clock.now()
    let operation: Int
    /// The answer waits until this wish is on disk: what was answered must survive the agent.
    let wish: Int

    init(
        _ connection: ControlConnection?, _ goal: Goal, _ services: [ServiceName], wish: Int,
        operation: Int
    ) {
        self.connection = connection
        self.goal = goal
        self.services = services
        self.wish = wish
        self.operation = operation
    }
}

extension Agent {
    func wait(
        _ connection: ControlConnection?, for goal: Waiter.Goal, of services: [ServiceName],
        operation: Int
    ) {
        connection?.keepOpen()
        let waiter = Waiter(
            connection, goal, services, wish: stateKeeper.asked, operation: operation)
        waiters.append(waiter)
        waiter.alarm = loop.setAlarm(after: AgentLimits.waitMax) { [unowned self, weak waiter] in
            guard let waiter else { return }
            finish(
                waiter, .failure(.failed, "not in \(AgentLimits.waitMax): \(missingWords(waiter))"))
        }
        loop.setAlarm(after: .zero) { [unowned self] in settleWaiters() }
    }

    /// Shows a waiting operator what happens to the services they wait for.
    func tellWaiters(_ event: EventRecord) {
        for waiter in waiters where event.service.map(waiter.services.contains) ?? false {
            var reply = ControlReply()
            reply.event = event
            waiter.connection?.send(reply)
        }
        for listener in listeners where listener.wants(event) {
            var reply = ControlReply()
            reply.event = event
            listener.connection.send(reply)
        }
    }

    func settleWaiters() {
        for waiter in waiters where waiter.wish <= stateKeeper.settled {
            guard let stack else { continue }
            let members = waiter.services.compactMap { stack.members[$0] }
            switch waiter.goal {
            case .down where members.allSatisfy(\.state.isDown):
                finish(waiter, .end("\(count(waiter)) down, after \(elapsed(waiter))"))
            case .well where members.allSatisfy(isSettled):
                finish(waiter, .end("\(count(waiter)) well, after \(elapsed(waiter))"))
            case .restarted
            where members.allSatisfy(isSettled)
                && stack.pendingRestarts.allSatisfy({ !waiter.services.contains($0) }):
                finish(
                    waiter, .end("\(count(waiter)) restarted and well, after \(elapsed(waiter))"))
            case .well, .restarted:
                guard let failed = waiter.services.first(where: hasFailed) else { continue }
                let problem = serviceStatus(failed)?.problem ?? "was given up"
                finish(
                    waiter,
                    .failure(
                        .failed,
                        "'\(failed)' does not come up: it \(problem); "
                            + "see 'catalystctl why \(failed)'"))
            case .down: continue
            }
        }
    }

    func abandonWaiters(at name: ServiceName, keeping rest: [ServiceName]) {
        for waiter in waiters
        where waiter.goal == .restarted && !rest.allSatisfy({ !waiter.services.contains($0) }) {
            let others = rest.map(\.text).joined(separator: ", ")
            finish(
                waiter,
                .failure(
                    .failed,
                    "'\(name)' did not come back well, so the others were left as they were: "
                        + "\(others); see 'catalystctl why \(name)'"))
        }
    }

    private func isSettled(_ member: Stack.Member) -> Bool {
        if case .down(.ended(let reason)) = member.state { return reason.isSuccess }
        return member.isWell
    }

    private func hasFailed(_ name: ServiceName) -> Bool {
        switch stack?.members[name]?.state {
        case .failed: true
        case .down(.ended(let reason)): !reason.isSuccess
        default: false
        }
    }

    private func finish(_ waiter: Waiter, _ reply: ControlReply) {
        loop.cancel(waiter.alarm)
        waiters.removeAll { $0 === waiter }
        alarms.endOperation(waiter.operation)
        waiter.connection?.send(reply)
    }

    private func count(_ waiter: Waiter) -> String {
        waiter.services.count == 1
            ? "\(waiter.services[0]) is" : "\(waiter.services.count) services are"
    }

    private func elapsed(_ waiter: Waiter) -> String {
        let tenths = (Clock.now() - waiter.started).milliseconds / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }

    private func missingWords(_ waiter: Waiter) -> String {
        status(of: waiter.services).services.filter { !$0.isWell }
            .map { "'\($0.name)' is \($0.state.rawValue)" }.joined(separator: ", ")
    }
}

/// Somebody who follows `events`.
struct Listener {
    let connection: ControlConnection
    let services: [ServiceName]

    func wants(_ event: EventRecord) -> Bool {
        services.isEmpty || event.service.map(services.contains) ?? false
    }
}
