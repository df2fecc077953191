internal import ControlProtocol
internal import ControlServer
internal import Ledger
internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

/// What operators ask about alerts, and want of them.
extension Agent {
    func alerts(_ request: ControlRequest, _ connection: ControlConnection) {
        connection.keepOpen()
        if let id = request.alert { return showAlert(id, connection) }
        let open = alarms.book?.open.filter { $0.state == .firing } ?? []
        let wanted = request.services.map { Set($0.map(Subject.service)) }
        func send(_ alerts: [Alert]) {
            for alert in alerts where wanted?.contains(alert.subject) ?? true {
                var reply = ControlReply()
                reply.alert = AlertReply(alert)
                connection.send(reply)
            }
            connection.send(.end())
        }
        guard request.all == true || request.since != nil else { return send(open) }
        let since = request.since ?? Timestamp(nanoseconds: 0)
        let limit = max(0, request.tail ?? AgentLimits.eventsMax)
        ledger.ask(for: connection, { $0.alerts(.since(since), $1) }) { (kept: [Alert]) in
            let known = Set(open.map(\.id))
            let over = kept.filter { !known.contains($0.id) && $0.state == .resolved }
            send(open + over.prefix(limit))
        }
    }

    private func showAlert(_ id: Int64, _ connection: ControlConnection) {
        let open = alarms.book?.open.first { $0.id == id }
        // What is open is known without the ledger, also when it is the ledger that fails.
        if let open, let problem = ledger.problem {
            var reply = ControlReply.end("its life so far cannot be read: \(problem)")
            reply.alert = AlertReply(open)
            return connection.send(reply)
        }
        ledger.ask(for: connection, { $0.alert(id, $1) }) {
            (found: (alert: Alert, events: [AlertEvent])?) in
            guard let alert = open ?? found?.alert else {
                return connection.send(
                    .failure(
                        .unknownAlert, "there is no alert \(id): see 'catalystctl alerts --all'"))
            }
            var reply = ControlReply.end()
            reply.alert = AlertReply(alert, events: found?.events ?? [])
            connection.send(reply)
        }
    }

    func acknowledge(_ request: ControlRequest, _ connection: ControlConnection) {
        guard let id = request.alert, alarms.book?.open.contains(where: { $0.id == id }) == true
        else { return connection.send(Self.noOpenAlert(request.alert)) }
        let reason = words(request).map { ": \($0)" } ?? ""
        alarms.receive(.acknowledged(id, by: asker(connection) + reason))
        connection.send(.end("alert \(id) is acknowledged: no more reminders"))
    }

    func silence(_ request: ControlRequest, _ connection: ControlConnection) {
        let alert = request.alert.flatMap { id in alarms.book?.open.first { $0.id == id } }
        if request.alert != nil, alert == nil {
            return connection.send(Self.noOpenAlert(request.alert))
        }
        let subjects =
            alert.map { [$0.subject] } ?? request.subjects ?? request.services?.map(Subject.service)
        guard let subjects, let seconds = request.seconds, seconds >= 0,
            seconds <= AgentLimits.silenceMax.seconds
        else {
            return connection.send(
                .failure(
                    .badRequest,
                    "name an alert, services or things, and for how long: at most "
                        + "\(Int(AgentLimits.silenceMax.seconds / 86_400)) days"))
        }
        let what = subjects.map(\.words).joined(separator: ", ")
        if seconds == 0 {
            let ended = alarms.book?.silences.filter { $0.subjects == subjects } ?? []
            for silence in ended {
                alarms.receive(.unsilenced(silence.id))
                ledger.write([.removeSilence(silence.id)])
            }
            return connection.send(
                .end(ended.isEmpty ? "\(what) was not silenced" : "\(what) is no longer silenced"))
        }
        let until = Clock.wallTime() - .seconds(-seconds)
        let silence = Silence(
            id: Clock.wallTime().nanoseconds / 1000, subjects: subjects, until: until,
            reason: asker(connection) + (words(request).map { ": \($0)" } ?? ""))
        alarms.receive(.silenced(silence))
        ledger.write([.silence(silence)]) { _ in
            connection.send(.end("\(what) is silenced until \(until.rfc3339(digits: 0))"))
        }
    }

    func beginMaintenance(_ request: ControlRequest, _ connection: ControlConnection) {
        guard let seconds = request.seconds, seconds > 0,
            seconds <= AgentLimits.maintenanceMax.seconds
        else {
            return connection.send(
                .failure(
                    .badRequest,
                    "say for how long: at most \(Int(AgentLimits.maintenanceMax.seconds / 3600)) hours"
                ))
        }
        let now = Clock.wallTime()
        let maintenance = Maintenance(
            since: alarms.book?.maintenance?.since ?? now, until: now - .seconds(-seconds),
            reason: words(request) ?? "by \(asker(connection))")
        record(
            .maintenance, nil, .notice,
            "maintenance until \(maintenance.until.rfc3339(digits: 0)), asked by \(asker(connection)): "
                + maintenance.reason)
        alarms.receive(.maintenanceBegan(maintenance))
        ledger.write([.maintenance(maintenance)]) { _ in
            var reply = ControlReply.end(
                "maintenance until \(maintenance.until.rfc3339(digits: 0)): alerts are kept, not told"
            )
            reply.maintenance = maintenance
            connection.send(reply)
        }
    }

    func endMaintenance(_ connection: ControlConnection) {
        guard alarms.book?.maintenance != nil else {
            return connection.send(.end("there is no maintenance"))
        }
        record(.maintenance, nil, .notice, "maintenance ended by \(asker(connection))")
        alarms.receive(.maintenanceEnded(by: asker(connection)))
        ledger.write([.maintenance(nil)]) { _ in
            connection.send(.end("maintenance is over: alerts are told again"))
        }
    }

    func testAlerts(_ request: ControlRequest, _ connection: ControlConnection) {
        let count = request.count ?? 1
        let first = request.first ?? 0
        guard (1...AgentLimits.testAlertsMax).contains(count),
            (0...AgentLimits.testAlertNumberMax).contains(first)
        else {
            return connection.send(
                .failure(
                    .badRequest,
                    "1 to \(AgentLimits.testAlertsMax) test alerts at once, numbered from 0 on"))
        }
        let batch =
            request.batch.map { String($0.prefix(100)) } ?? "\(Clock.wallTime().nanoseconds)"
        connection.keepOpen()
        alarms.test(first..<first + count, batch: batch) { failure in
            connection.send(
                failure.map { .failure(.failed, "not on disk, kept in memory: \($0)") }
                    ?? .end("\(count) test alert\(count == 1 ? " is" : "s are") durable"))
        }
    }

    /// The asker's own: kept short, it is repeated with each telling.
    private func words(_ request: ControlRequest) -> String? {
        request.reason.map { String($0.prefix(200)) }
    }

    private static func noOpenAlert(_ id: Int64?) -> ControlReply {
        .failure(
            .unknownAlert,
            "there is no open alert \(id.map { "\($0)" } ?? "named"): see 'catalystctl alerts'")
    }
}
