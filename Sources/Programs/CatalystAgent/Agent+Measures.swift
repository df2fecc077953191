internal import CollectorProtocol
internal import ControlProtocol
internal import ControlServer
internal import Ledger
internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

/// What operators and scrapers ask about measures.
extension Agent {
    /// The collector says whether `/metrics` is served; empty words: it is.
    func collectorServes(_ words: String) {
        let address = stack?.spec.metrics.map { "\($0.address):\($0.number)" }
        metricsAddress = words.isEmpty ? address : nil
        guard !words.isEmpty, address != nil else { return }
        record(.inspected, nil, .notice, "metrics are not served: \(words)")
    }

    func metricsPage(_ id: UInt64) -> Page {
        var facts = MetricsPage.Facts(version: catalystVersion)
        facts.readings = meter.readings
        facts.services = status().services.map { service in
            MetricsPage.Service(
                name: service.name, isUp: service.state == .up, verdict: service.health,
                state: service.state.rawValue, restarts: service.restarts)
        }
        facts.alerts = (alarms.book?.open ?? []).filter { $0.state == .firing }
        if stack?.spec.database != nil {
            facts.outbox = MetricsPage.Outbox(
                waiting: ledger.outboxCount.records, dropped: ledger.outboxCount.dropped.total,
                lastShipped: courier.lastShipped)
        }
        return Page(id: id, contentType: MetricsPage.contentType, text: MetricsPage.text(of: facts))
    }

    /// From the ledger, once a minute: what `status` says of availability.
    func learnAvailability() {
        let now = Clock.wallTime()
        learn(since: now - .seconds(86_400)) { $0.availability.day = $1 }
        learn(since: now - .seconds(30 * 86_400)) { $0.availability.month = $1 }
        ledger.countOutbox()
    }

    private func learn(
        since: Timestamp, _ keep: @escaping (Runner, Availability.Share?) -> Void
    ) {
        ledger.ask({ $0.watched(since: since, $1) }) {
            [unowned self] (watched: [ServiceName: Watched]?) in
            guard let watched else { return }
            for name in stack?.order ?? [] { keep(runner(name), watched[name]?.share) }
        }
    }

    func series(_ request: ControlRequest, _ connection: ControlConnection) {
        connection.keepOpen()
        let now = Clock.wallTime()
        let since = request.since ?? now - Resolution.raw.retention
        let resolution = request.resolution ?? .finest(since: since, now: now)
        let subject = request.subjects?.count == 1 ? request.subjects?.first : nil
        let fresh = resolution == .raw ? meter.raw.filter { $0.time >= since } : []
        ledger.ask(
            for: connection,
            {
                $0.measurements(
                    of: subject, resolution, since: since, limit: AgentLimits.seriesPointsMax, $1)
            }
        ) { [unowned self] (kept: [Measurement]) in
            var bySubject: [Subject: [Measurement]] = [:]
            for row in kept + fresh { bySubject[row.subject, default: []].append(row) }
            // One that has left the stack is still known by what was measured of it.
            let unknown = request.subjects?.first { bySubject[$0] == nil && !isKnown($0) }
            if let unknown {
                return connection.send(
                    .failure(.unknownService, "there is no service '\(unknown)'"))
            }
            for (subject, points) in bySubject.sorted(by: { $0.key < $1.key })
            where request.subjects?.contains(subject) ?? true {
                var reply = ControlReply()
                reply.series = Series(subject: subject, resolution: resolution, points: points)
                connection.send(reply)
            }
            connection.send(.end())
        }
    }

    private func isKnown(_ subject: Subject) -> Bool {
        subject.service.map { stack?.members[$0] != nil } ?? true
    }

    func history(_ named: [ServiceName], _ connection: ControlConnection) {
        connection.keepOpen()
        let names = named.isEmpty ? stack?.order ?? [] : named
        let since = Clock.wallTime() - .seconds(30 * 86_400)
        ledger.ask(for: connection, { $0.days(since: since, $1) }) {
            [unowned self] (days: [ServiceName: [ServiceDay]]) in
            for name in names {
                var reply = ControlReply()
                reply.history = ServiceHistory(
                    service: name, availability: runners[name]?.availability ?? Availability(),
                    days: (days[name] ?? []).map { day in
                        ServiceHistory.Day(
                            time: day.time, availability: day.watched.share,
                            restarts: day.restarts, alerts: day.alerts)
                    })
                connection.send(reply)
            }
            connection.send(.end())
        }
    }
}

extension Resolution {
    /// That still has what was measured then. The question took some time to get here.
    fileprivate static func finest(since: Timestamp, now: Timestamp) -> Resolution {
        allCases.first { now - since <= $0.retention + .seconds(60) } ?? .hour
    }
}
