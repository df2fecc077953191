internal import ControlProtocol
internal import Glibc
internal import LinuxSystem
internal import Postgres
internal import StackModel

/// Does an alert go the whole way, and are the measures served?
struct MonitoringFacts {
    /// What became of the test alert somewhere.
    enum Arrival: Equatable {
        case arrived
        case absent(String)
        case unknown(String)
    }

    /// The agent's answer: it is durable in the ledger.
    var raised: Result<String, Failure>
    /// Nil: it was not raised.
    var journal: Arrival?
    /// Nil: no database gets what the ledger remembers.
    var database: Arrival?
    /// Nil: the stack file says so.
    var metrics: DoorReply?

    init(
        raised: Result<String, Failure>, journal: Arrival?, database: Arrival?, metrics: DoorReply?
    ) {
        self.raised = raised
        self.journal = journal
        self.database = database
        self.metrics = metrics
    }

    init(_ site: Site) throws(ToolError) {
        let batch = "verify \(UniqueName.random())"
        // As the agent names the first of a batch.
        let id = UniqueName.of("\(batch)/0")
        raised = asked {
            var request = ControlRequest(.testAlert, wait: true)
            request.batch = batch
            return try site.agent.answer(to: request) { $0.message }
        }
        if case .success = raised {
            journal = try Self.journal(id, site)
            database = try Self.database(id, site)
        }
        metrics = try Self.metrics(site)
    }

    var aspects: [Aspect] {
        switch raised {
        case .failure(let failure) where failure.status == .unhealthy:
            [.unmet("ledger: \(failure.headline)", "catalystctl alerts"), metricsAspect]
        case .failure(let failure): [failure.aspect]
        case .success:
            [.met("a test alert is in the ledger")]
                + [
                    journal.map {
                        $0.aspect("journald", "journalctl -t catalystd -n 20")
                    },
                    database.map { $0.aspect("Postgres", "catalystctl db status") },
                ].compactMap(\.self) + [metricsAspect]
        }
    }

    private var metricsAspect: Aspect {
        switch metrics {
        case nil:
            .unchecked(
                "/metrics is off, or its place is not known", "set metrics in the stack file")
        case .answer(let answer) where answer.status == 200 && answer.body.contains("catalyst_"):
            .met("/metrics answers")
        case .answer(let answer) where answer.status == 200:
            .unmet("/metrics answers, but with nothing of ours", "catalystctl limits")
        case .answer(let answer): .unmet("/metrics: \(answer.status)", "catalystctl")
        case let reply?: reply.aspect(of: "/metrics")
        }
    }
}

extension MonitoringFacts.Arrival {
    fileprivate func aspect(_ place: String, _ remedy: String) -> Aspect {
        switch self {
        case .arrived: .met("in \(place)")
        case .absent(let why): .unmet("not in \(place): \(why)", remedy)
        case .unknown(let why): .unchecked("\(place): \(why)", remedy)
        }
    }
}

extension MonitoringFacts {
    private static let journalLimit = Duration.seconds(5)
    private static let databaseLimit = Duration.seconds(15)

    private static func metrics(_ site: Site) throws(ToolError) -> DoorReply? {
        guard case .success(let status) = site.status, let place = status.host.metrics,
            let door = FrontDoor(place.contains("://") ? place : "http://\(place)")
        else { return nil }
        return try door.ask(
            DoorRequest(path: "/metrics"), with: site.tools, within: site.left(atMost: .seconds(5)))
    }

    private static func journal(_ id: String, _ site: Site) throws(ToolError) -> Arrival {
        guard access("/run/systemd/journal/socket", F_OK) == 0 else {
            return .unknown("there is no journald here")
        }
        let words = [
            "journalctl", "--quiet", "--no-pager", "-o", "cat", "CATALYST_ALERT_EVENT=\(id)",
        ]
        let end = site.deadline(journalLimit)
        repeat {
            guard let outcome = try site.run(words, limit: journalLimit) else {
                return .unknown("journalctl does not run")
            }
            if outcome.isSuccess, !outcome.output.isEmpty { return .arrived }
            pause(.milliseconds(300))
        } while ContinuousClock.now < end
        return site.isRoot
            ? .absent("not after \(humanDuration(journalLimit))")
            : .unknown("not found; perhaps only root may see it")
    }

    private static func database(_ id: String, _ site: Site) throws(ToolError) -> Arrival? {
        guard site.stack?.database != nil else { return nil }
        guard site.databaseURL != nil else {
            return .unknown(site.variablesProblem ?? "its DATABASE_URL is not known here")
        }
        let end = site.deadline(databaseLimit)
        let found = asked {
            let database = try site.database.open(by: end)
            let question = "SELECT 1 FROM ops.alert_events WHERE id = $1::uuid"
            while try database.connection.query(question, [id], by: end).isEmpty {
                guard ContinuousClock.now + .milliseconds(500) < end else { return false }
                pause(.milliseconds(500))
                try site.tools.checkpoint()
            }
            return true
        }
        try site.tools.checkpoint()
        return switch found {
        case .success(true): .arrived
        case .success(false): .absent("not after \(humanDuration(databaseLimit))")
        case .failure(let failure): .absent(failure.headline)
        }
    }
}

private func pause(_ duration: Duration) {
    _ = poll(nil, 0, Int32(clamping: duration.milliseconds))
}
