internal import ControlProtocol
internal import ControlServer
internal import Ledger
internal import LinuxSystem
internal import Monitoring
internal import Rollouts
internal import StackModel
internal import Supervision

/// The rollout under way: carries out what `Train` decides, and tells it what came of it.
final class Rolling {
    unowned let agent: Agent
    /// Nil: there is none, or its release is still being made.
    private(set) var train: Train?
    /// While its release is being made, and its plan.
    var preparing: Rollout?
    var tool: ToolRun?
    /// Definitions before and after.
    private(set) var old: StackSpec?
    private(set) var new: StackSpec?
    /// The service whose instance is being replaced.
    var bringing: Bringing?
    /// Counts what was to be brought: answers to earlier orders are not wanted any more.
    var order = 0
    /// It failed, and what was seen of it is still being gathered.
    var falling: ServiceName?
    private var effects: [Train.Effect] = []
    private var isPerforming = false
    private var isRecording = false
    /// Who is to hear when all that was decided is on disk, or why it is not.
    private var unconfirmed: [(String?) -> Void] = []
    /// That a step is not on disk is told once a rollout.
    private var hasToldUnkept = false
    private var alarm: AlarmID?
    private var operation: Int?
    private var followers: [ControlConnection] = []
    /// Of the newest rollout that failed, unless one succeeded since.
    private(set) var failure: FailedRollout?
    var nextID: Int64 = 1

    init(agent: Agent) { self.agent = agent }

    /// As it is now; nil: there is none.
    var rollout: Rollout? { train?.record ?? preparing }

    /// What the ledger knows of earlier ones.
    func remember(nextID: Int64, last: Rollout?) {
        self.nextID = max(self.nextID, nextID)
        if let last, rollout == nil { judge(last) }
    }

    func follow(_ connection: ControlConnection) {
        connection.keepOpen()
        followers.append(connection)
        if let rollout { connection.send(.progress(rollout)) }
    }

    func forget(_ connection: ControlConnection) {
        followers.removeAll { $0 === connection }
    }

    func tellFollowers(_ reply: ControlReply) {
        for connection in followers { connection.send(reply) }
    }

    /// Who waits for it also sees what happens to the services meanwhile.
    func tellFollowers(_ event: EventRecord) {
        guard let name = event.service,
            rollout?.steps.contains(where: { $0.service == name }) == true
        else { return }
        var reply = ControlReply()
        reply.event = event
        tellFollowers(reply)
    }

    // The train.

    /// Begins, or goes on with, `record`; its sides are on disk.
    func begin(_ record: Rollout, old: StackSpec, new: StackSpec) {
        preparing = nil
        self.old = old
        self.new = new
        let services = record.steps.map(\.service)
        var policies: [ServiceName: StepPolicy] = [:]
        for name in services {
            let spec = new.service(name) ?? old.service(name)
            policies[name] = spec.map {
                StepPolicy($0, in: new, kind: record.kind, isAlone: services.count == 1)
            }
        }
        train = Train(record, policies: policies)
        hasToldUnkept = false
        let dependents = services.flatMap { agent.stack?.dependents(of: .service($0)) ?? [] }
        operation = agent.alarms.beginOperation(
            on: services + dependents, "\(record.words) by \(record.askedBy)")
        agent.record(
            .rolloutBegan, nil, .notice,
            "rollout \(record.id): \(record.words), asked by \(record.askedBy): "
                + (services.isEmpty
                    ? "no service changes" : services.map(\.text).joined(separator: ", ")))
        receive(.began)
    }

    func receive(_ event: Train.Event) {
        guard let before = train?.record else { return }
        let decided = train?.receive(event, in: surroundings) ?? []
        if let record = train?.record, record != before { changed(from: before, to: record) }
        effects += decided
        perform()
    }

    /// Tells the train what came of an order, unless a newer one waits for the ledger.
    func answer(_ event: Train.Event, of name: ServiceName) {
        let isSuperseded = effects.contains { effect in
            switch effect {
            case .bring(name, _), .remove(name): true
            case .retire(name): event == .left(name)
            default: false
            }
        }
        if !isSuperseded { receive(event) }
    }

    private var surroundings: Train.Surroundings {
        Train.Surroundings(time: Clock.wallTime()) { [unowned agent] name in
            guard agent.rolling.falling != name, let member = agent.stack?.members[name],
                member.isWell
            else { return false }
            guard let tally = agent.board[.service(name)]?.tally,
                member.spec.healthCheck.probe != .none
            else { return true }
            return tally.failingSince == nil && tally.verdict != .blocked
        }
    }

    private func changed(from before: Rollout, to record: Rollout) {
        for step in record.steps
        where before.steps.first(where: { $0.service == step.service })?.phase != step.phase {
            let isBad = step.phase == .undoing || step.phase == .failed
            let words = step.problem.map { ": \($0)" } ?? ""
            agent.record(
                .rolling, step.service, isBad ? .error : .info,
                "rollout \(record.id): \(step.phase.rawValue)\(words)")
        }
    }

    /// In their order; what follows a record waits until it is on disk.
    private func perform() {
        guard !isPerforming else { return }
        isPerforming = true
        while !isRecording, !effects.isEmpty { perform(effects.removeFirst()) }
        isPerforming = false
    }

    private func perform(_ effect: Train.Effect) {
        switch effect {
        case .record(let record): keep(record)
        case .askHold(let name): askHold(of: name)
        case .bring(let name, let side): bring(name, side)
        case .admit(let name): admit(name)
        case .retire(let name): retire(name)
        case .remove(let name): remove(name)
        case .adopt(let side): adopt(side)
        case .setAlarm(let delay):
            agent.loop.cancel(alarm)
            alarm = agent.loop.setAlarm(after: delay) { [unowned self] in receive(.alarmRang) }
        case .clearAlarm: agent.loop.cancel(alarm)
        case .finished: finish()
        case .reportAnomaly(let event):
            assertionFailure("rollout: \(event)")
            agent.record(.agentAnomaly, nil, .error, "rollout: \(event) cannot happen, ignoring")
        }
    }

    private func keep(_ record: Rollout) {
        isRecording = true
        agent.ledger.write([.rollout(record)]) { [unowned self] failure in
            isRecording = false
            if let failure { tellUnkept(record, failure) }
            // Who is told can rely on it: an agent that follows knows it too.
            tellFollowers(.progress(record))
            if !hasToRecord { confirm(failure) }
            perform()
        }
    }

    /// It goes on all the same: to stop half-way for it would be worse.
    private func tellUnkept(_ record: Rollout, _ failure: String) {
        guard !hasToldUnkept else { return }
        hasToldUnkept = true
        agent.record(
            .rolling, nil, .error,
            "rollout \(record.id) goes on, and its steps are not on disk (\(failure)): an agent that is "
                + "killed meanwhile does not know how far it was")
    }

    private var hasToRecord: Bool {
        isRecording
            || effects.contains { if case .record = $0 { true } else { false } }
    }

    /// Calls `told` when what was decided so far is on disk, or with why it is not.
    func whenKept(_ told: @escaping (String?) -> Void) {
        unconfirmed.append(told)
        if !hasToRecord { confirm(nil) }
    }

    private func confirm(_ failure: String?) {
        let told = unconfirmed
        unconfirmed = []
        for tell in told { tell(failure) }
    }

    /// The agent ends, the rollout does not: nothing more is done.
    func leave() {
        agent.loop.cancel(alarm)
        tool?.kill()
        guard let record = rollout else { return }
        agent.record(
            .rolling, nil, .warning,
            "rollout \(record.id) is interrupted: the agent stops, the next one goes on with it")
        train = nil
        effects = []
        (bringing, falling) = (nil, nil)
        if !isRecording { confirm("the agent stops") }
        tellFollowers(
            .failure(.stopping, "the agent stops; the next one goes on with rollout \(record.id)"))
        followers = []
    }

    /// More is known of why it failed.
    func attach(_ failure: RolloutFailure) {
        train?.attach(failure)
        guard let record = train?.record else { return }
        effects.append(.record(record))
        perform()
    }

    private func finish() {
        guard let record = train?.record else { return }
        agent.loop.cancel(alarm)
        train = nil
        (old, new) = (nil, nil)
        (bringing, falling) = (nil, nil)
        agent.endSoak()
        if let operation { agent.alarms.endOperation(operation) }
        operation = nil
        nextID = max(nextID, record.id + 1)
        agent.forgetSides()
        agent.pruneReleases()
        conclude(record)
    }

    /// It is over, or never began: everybody hears how it ended.
    func conclude(_ record: Rollout) {
        let hasSucceeded = record.state == .succeeded
        agent.record(
            hasSucceeded ? .rolloutSucceeded : .rolloutFailed, nil,
            hasSucceeded ? .notice : record.state == .cancelled ? .warning : .error,
            "rollout \(record.id): \(record.message ?? record.state.rawValue)")
        judge(record)
        agent.alarms.lookSoon()
        let words = record.message ?? record.state.rawValue
        var reply: ControlReply = hasSucceeded ? .end(words) : .failure(.failed, words)
        reply.rollout = record
        tellFollowers(reply)
        followers = []
    }

    private func judge(_ record: Rollout) {
        switch record.state {
        case .failed:
            let subject = record.failure?.service.map(Subject.service) ?? .thing(.agent)
            failure = FailedRollout(subject, "\(record.words): \(record.message ?? "failed")")
        case .succeeded: failure = nil
        case .cancelled, .preparing, .running, .paused, .undoing: break
        }
    }
}

extension Rollout {
    /// `deploy of 20261122T210500Z-3f2a91c`, `restart`.
    var words: String { release.map { "\(kind.rawValue) of \($0)" } ?? kind.rawValue }
}

extension ControlReply {
    static func progress(_ rollout: Rollout) -> ControlReply {
        var reply = ControlReply()
        reply.rollout = rollout
        return reply
    }
}

extension StackSpec {
    func service(_ name: ServiceName) -> ServiceSpec? { services.first { $0.name == name } }
}
