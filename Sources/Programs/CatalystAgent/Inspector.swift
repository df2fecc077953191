internal import CollectorProtocol
internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

/// Looks closely at what the services share: the database, Redis, the certificate, the front door,
/// the backups. Each in its own rhythm, one question at a time.
final class Inspector {
    private unowned let agent: Agent
    private var targets: [Subject: Target] = [:]

    /// How one thing is looked at.
    private enum Look: Equatable {
        case byCollector(Inspection)
        /// With the agent's own rights: backups are nobody else's to see.
        case saved(SavedLook)
    }

    /// One thing that is looked at.
    private final class Target {
        let inspection: Look
        let interval: Duration
        var id: UInt64?
        var asked = Moment.zero
        var alarm: AlarmID?
        var result: InspectionResult?

        init(_ inspection: Look, every interval: Duration) {
            self.inspection = inspection
            self.interval = interval
        }
    }

    /// What the database is judged by: away after two failed looks, back after one good one.
    static let databaseRules: HealthCheck = {
        var rules = HealthCheck(.postgres(url: ""))
        rules.interval = .seconds(10)
        rules.timeout = .seconds(5)
        rules.retries = 2
        return rules
    }()

    private let savedWatch = SavedWatch()

    init(agent: Agent) { self.agent = agent }

    /// How often something is looked at.
    static func interval(of subject: Subject) -> Duration {
        switch subject {
        case .thing(.postgres): databaseRules.interval
        case .thing(.certificate): .seconds(3600)
        case .thing(.backup), .thing(.snapshot): .seconds(600)
        default: .seconds(30)
        }
    }

    /// What was found last; nil: nothing yet.
    func result(of subject: Subject) -> InspectionResult? { targets[subject]?.result }

    func watches(_ subject: Subject) -> Bool { targets[subject] != nil }

    /// Follows the stack: what is new is looked at now, what is gone no longer.
    func follow(_ stack: StackSpec) {
        var wanted: [Subject: Look] = [:]
        for service in stack.services {
            if case .redis(let url) = service.healthCheck.probe {
                wanted[.service(service.name)] = .byCollector(.redis(url: url))
            }
        }
        if let url = stack.database {
            wanted["@postgres"] = .byCollector(.postgres(url: url))
        }
        if !stack.watch.certificates.isEmpty {
            wanted["@certificate"] = .byCollector(.certificates(stack.watch.certificates))
        }
        if let url = stack.watch.frontDoor {
            wanted["@front-door"] = .byCollector(.frontDoor(url: url))
        }
        if let directory = stack.watch.backups {
            wanted["@backup"] = .saved(.backups(in: directory))
        }
        if let file = stack.watch.snapshots { wanted["@snapshot"] = .saved(.snapshot(file)) }
        for (subject, target) in targets
        where wanted[subject].map({ $0 != target.inspection }) ?? true {
            forget(subject, target)
        }
        for (subject, look) in wanted where targets[subject] == nil {
            targets[subject] = Target(look, every: Self.interval(of: subject))
            if subject == "@postgres" {
                agent.board.began(subject, rules: Self.databaseRules, now: Clock.now())
            }
            ask(subject)
        }
    }

    /// Asks now, unless a question is under way.
    func ask(_ thing: Subject.Thing) { ask(.thing(thing)) }

    /// The collector is back: what was asked of the old one is asked again.
    func askAgain() {
        for (subject, target) in targets {
            target.id = nil
            ask(subject)
        }
    }

    private func forget(_ subject: Subject, _ target: Target) {
        agent.loop.cancel(target.alarm)
        targets[subject] = nil
        agent.board.ended(subject)
        if case .thing(let thing) = subject, agent.stack?.troubledThings.contains(thing) == true {
            agent.post(.troubled(thing, false))
        }
    }

    private func ask(_ subject: Subject) {
        guard let target = targets[subject], target.id == nil else { return }
        agent.loop.cancel(target.alarm)
        let id = agent.nextProbeID()
        target.id = id
        target.asked = Clock.now()
        let timeout = Self.databaseRules.timeout
        switch target.inspection {
        case .byCollector(let inspection):
            agent.collector.inspect(
                InspectRequest(id: id, inspection: inspection, timeout: timeout)
            ) { [weak self] result in self?.answered(result, subject, id) }
        case .saved(let look):
            savedWatch.look(look, agent.inlet) { [weak self] result in
                self?.answered(result, subject, id)
            }
        }
        // The collector keeps the limit itself; this is for one that does not, or is not there.
        target.alarm = agent.loop.setAlarm(after: timeout + AgentLimits.probeMargin) {
            [weak self] in
            self?.answered(.failed("there is no answer", isAway: false), subject, id)
        }
    }

    private func answered(_ result: InspectionResult, _ subject: Subject, _ id: UInt64) {
        guard let target = targets[subject], target.id == id else { return }
        let before = target.result
        target.id = nil
        target.result = result
        agent.loop.cancel(target.alarm)
        target.alarm = agent.loop.setAlarm(at: target.asked + target.interval) { [weak self] in
            self?.ask(subject)
        }
        if subject == "@postgres" {
            agent.receive(Report(result), from: subject, asked: target.asked)
            // It is back, or was migrated.
            if let now = result.schemaVersion, before != nil, now != before?.schemaVersion {
                agent.courier.restart()
            }
        }
        agent.meter.take(result, of: subject)
    }
}

extension InspectionResult {
    /// Of our tables in a database that answers; nil: none does.
    fileprivate var schemaVersion: Int? {
        if case .postgres(let facts) = self { facts.schemaVersion } else { nil }
    }
}

extension Report {
    /// What a look at the database says of its health.
    fileprivate init(_ result: InspectionResult) {
        switch result {
        case .postgres(let facts): self.init(.healthy, latency: facts.connectLatency)
        case .failed(let words, isAway: true): self.init(.failed(.other(words)))
        case .failed(let words, isAway: false): self.init(.unknown(words))
        case .redis, .certificates, .frontDoor, .saved: self.init(.unknown("another answer"))
        }
    }
}
