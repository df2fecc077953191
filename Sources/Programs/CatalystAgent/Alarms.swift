internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

/// Carries out what the book of alerts decides: first the ledger, then journald and the `on_alert`
/// command, then the database.
final class Alarms {
    private unowned let agent: Agent
    /// Nil until it is known what the ledger remembers.
    private(set) var book: AlertBook?
    private var alarm: AlarmID?
    private var isLookDue = false
    private var early: [AlertBook.Event] = []
    private var lastOperation = 0

    init(agent: Agent) { self.agent = agent }

    /// Goes on where the last agent stopped.
    func restore(
        open: [Alert], silences: [Silence], maintenance: Maintenance?, nextID: Int64
    ) {
        guard book == nil else { return }
        book = AlertBook(
            settings: agent.stack?.spec.alerts ?? AlertSettings(), open: open, silences: silences,
            maintenance: maintenance, nextID: nextID, now: Clock.now(), time: Clock.wallTime())
        for event in early { receive(event) }
        early = []
        look()
    }

    /// Something happened that may be one: looked at with what follows from it.
    func lookSoon() {
        guard !isLookDue else { return }
        isLookDue = true
        agent.loop.setAlarm(after: AgentLimits.alertingDelay) { [unowned self] in look() }
    }

    func receive(_ event: AlertBook.Event) {
        guard let effects = book?.receive(event, now: Clock.now(), time: Clock.wallTime()) else {
            if early.count < AgentLimits.announcementsMax { early.append(event) }
            return
        }
        perform(effects)
        setAlarm()
    }

    /// Alerts about these are not told until the end: we stir them up ourselves.
    func beginOperation(on services: [ServiceName], _ words: String) -> Int {
        lastOperation += 1
        receive(.operationBegan(lastOperation, services: Set(services), words: words))
        return lastOperation
    }

    func endOperation(_ id: Int) { receive(.operationEnded(id)) }

    /// Raises what means nothing; `done` gets the refusal, or nil when they are durable.
    func test(
        _ numbers: Range<Int>, batch: String, done: @escaping (String?) -> Void
    ) {
        let time = Clock.wallTime()
        let events = numbers.map { number in
            // Asked for twice, it is raised once: the same batch and number, the same id.
            var alert = Alert(
                id: 0, rule: .test, subject: "@agent", severity: .warning, state: .resolved,
                since: time, summary: "test \(batch) \(number)")
            alert.firedAt = time
            alert.resolvedAt = time
            return AlertEvent(
                id: UniqueName.of("\(batch)/\(number)"), kind: .test, time: time,
                message: alert.summary, alert: alert)
        }
        // A storm of tests is for the ledger and the database; people are told of a few.
        let isTold = events.count <= AgentLimits.testAlertsToldMax
        keep(AlertDraft(events: events.map { ($0, isTold) }), done: done)
    }

    private func look() {
        isLookDue = false
        setAlarm()
        guard book != nil, let stack = agent.stack, !stack.isShuttingDown else { return }
        let found = findings(
            of: agent.observation(), settings: stack.spec.alerts, host: stack.spec.host)
        receive(.found(found))
    }

    /// Changes are told as they happen; this is for what becomes due by itself.
    private func setAlarm() {
        agent.loop.cancel(alarm)
        let due = book?.nextDue.map { $0 - Clock.now() } ?? AgentLimits.samplingInterval
        let delay = max(AgentLimits.alertingInterval, min(due, AgentLimits.samplingInterval))
        alarm = agent.loop.setAlarm(after: delay) { [unowned self] in look() }
    }

    private func perform(_ effects: [AlertBook.Effect]) {
        guard !effects.isEmpty else { return }
        var draft = AlertDraft()
        for effect in effects {
            switch effect {
            case .remember(let alert): draft.alerts.append(alert)
            case .forget(let id): draft.forgotten.append(id)
            case .announce(let kind, let alert, let message):
                draft.events.append((event(kind, alert, message), true))
                if kind == .fired || kind == .escalated { gather(for: alert, &draft) }
            case .keep(let kind, let alert, let message):
                draft.events.append((event(kind, alert, message), false))
                if kind == .fired || kind == .escalated { gather(for: alert, &draft) }
            case .folded(let count, let since):
                agent.record(
                    .alertsFolded, nil, .warning,
                    "\(count) more alerts since \(since.rfc3339(digits: 0)) were kept and not told: "
                        + "see 'catalystctl alerts'")
            }
        }
        keep(draft) { _ in }
    }

    private func event(_ kind: AlertEvent.Kind, _ alert: Alert, _ message: String) -> AlertEvent {
        AlertEvent(
            id: UniqueName.random(), kind: kind, time: Clock.wallTime(), message: message,
            alert: alert)
    }

    private func gather(for alert: Alert, _ draft: inout AlertDraft) {
        draft.evidence[alert.id] = agent.evidence(for: alert)
        if let name = alert.subject.service, let spec = agent.stack?.members[name]?.spec {
            draft.masks[alert.id] = SecretMask(spec)
        }
    }

    private func keep(_ draft: AlertDraft, done: @escaping (String?) -> Void) {
        agent.ledger.write(draft) { [unowned self] completed, failure in
            for (id, evidence) in completed.evidence { book?.attach(evidence, to: id) }
            for (event, isTold) in completed.events where isTold {
                agent.teller.tell(event)
            }
            if !completed.events.isEmpty { agent.courier.wake() }
            done(failure)
        }
    }
}

/// What is to be kept and told of alerts, on its way through the ledger's thread.
struct AlertDraft: Sendable {
    var alerts: [Alert] = []
    var forgotten: [Int64] = []
    var events: [(event: AlertEvent, isTold: Bool)] = []
    var evidence: [Int64: Evidence] = [:]
    var masks: [Int64: SecretMask] = [:]

    /// With the last lines that the services wrote. Reads files: not on the loop.
    func completed(logDirectory: String) -> AlertDraft {
        guard !evidence.isEmpty else { return self }
        var copy = self
        for (id, evidence) in evidence {
            var evidence = evidence
            let subject = events.first { $0.event.alert.id == id }?.event.alert.subject
            if let name = subject?.service {
                evidence.lines = lastLines(of: name, in: logDirectory, mask: masks[id])
            }
            copy.evidence[id] = evidence
            for index in copy.alerts.indices where copy.alerts[index].id == id {
                copy.alerts[index].evidence = evidence
            }
            for index in copy.events.indices where copy.events[index].event.alert.id == id {
                copy.events[index].event.alert.evidence = evidence
            }
        }
        return copy
    }
}
