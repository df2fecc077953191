internal import ControlProtocol
internal import ControlServer
internal import Glibc
internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision
internal import Systemd

/// The drill under way: injects the fault, tells `Drill` what is seen, ends what was injected.
final class Drilling {
    private unowned let agent: Agent
    private var drill: Drill?
    /// The agent before was killed by a drill: what came of it.
    private var deathReport: DrillReport?
    /// Nil: whoever asked has gone; the drill goes on.
    private var connection: ControlConnection?
    private var instance: Instance?
    private var operation: Int?
    private var alarm: AlarmID?
    private var isInjected = false
    private var isLookDue = false
    /// The instance whose life has to prove that it is well, where no probe does.
    private var proving: Int?
    private static let proof = Duration.seconds(1)

    init(agent: Agent) { self.agent = agent }

    var report: DrillReport? { drill?.report }

    /// What keeps others waiting; nil: there is none.
    var words: String? {
        report.map { "a drill (\($0.title)) is under way" }
    }

    func begin(_ request: ControlRequest, _ connection: ControlConnection) {
        guard let stack = agent.stack, agent.alarms.book != nil else {
            return connection.send(
                .failure(.busy, "the agent is still starting: ask again in a moment"))
        }
        let names = request.services ?? []
        guard let fault = request.fault, names.count == (fault == .agent ? 0 : 1) else {
            return connection.send(
                request.fault != nil || !names.isEmpty
                    ? .failure(
                        .badRequest, "name one fault and one service: see 'catalystctl drill'")
                    : deathReport.map(Self.reply)
                        ?? .failure(.failed, "no drill was the end of the agent before this one"))
        }
        let now = Clock.now()
        if let words = stack.obstacle(to: fault, on: names.first, in: scene, at: now) {
            return connection.send(
                .failure(words == self.words ? .busy : .failed, "no drill: \(words)"))
        }
        let instance = names.first.flatMap { agent.runners[$0]?.instance }
        if let name = names.first, instance?.mainHasEnded != false {
            return connection.send(
                .failure(.busy, "no drill: '\(name)' has just ended: ask again in a moment"))
        }
        let report = DrillReport(
            service: names.first, fault: fault, askedBy: agent.asker(connection),
            injected: Clock.wallTime(), bound: stack.drillBound(of: fault, on: names.first, at: now)
        )
        guard request.plan != true else {
            var reply = ControlReply.end("nothing speaks against it")
            reply.drill = report
            return connection.send(reply)
        }
        self.connection = connection
        connection.keepOpen()
        begin(report, in: instance, stack, now)
    }

    private func begin(
        _ report: DrillReport, in instance: Instance?, _ stack: Stack, _ now: Moment
    ) {
        let name = report.service
        let dependents = name.map { stack.dependents(of: .service($0)) } ?? []
        drill = Drill(
            report, instance: name.flatMap { stack.members[$0]?.instances } ?? 0,
            dependents: dependents, at: now)
        self.instance = instance
        operation = agent.alarms.beginOperation(
            on: (name.map { [$0] } ?? []) + dependents,
            "drill (\(report.fault.rawValue)) by \(report.askedBy)")
        agent.record(
            .drill, name, .notice,
            "drill: \(report.fault.rawValue), asked by \(report.askedBy): \(report.fault.deed)")
        alarm = agent.loop.setAlarm(after: report.bound) { [unowned self] in
            alarm = nil
            receive(
                isInjected
                    ? .timeIsUp
                    : .ended("nothing was injected: the disk has not taken the record of it"))
        }
        // The next agent must know it, whenever this one dies.
        agent.remember { [unowned self] in
            // Who asked for it is on record as well.
            agent.ledger.write([]) { [unowned self] _ in inject(report) }
        }
    }

    private func inject(_ report: DrillReport) {
        guard self.report?.injected == report.injected else { return }
        isInjected = true
        switch report.fault {
        case .crash:
            if let instance, !instance.mainHasEnded { kill(instance.child.pid, SIGKILL) }
        case .hang: instance?.tree.pause()
        case .agent: kill(getpid(), SIGKILL)
        }
    }

    private var scene: DrillScene {
        var scene = DrillScene()
        let book = agent.alarms.book
        scene.freeze = agent.freezeWords
        scene.maintenanceLeft = book?.maintenance.map { $0.until - Clock.wallTime() }
        scene.operation =
            words ?? agent.rolling.rollout.map { "rollout \($0.id) is under way" }
            ?? (agent.isBeingReplaced ? "the agent is being replaced" : nil)
            ?? (agent.waiters.isEmpty ? nil : "services are being started, stopped or reloaded")
        scene.alert =
            book?.open.first { alert in
                alert.state == .firing
                    && (alert.subject.service != nil || alert.severity == .critical)
            }?.id
        scene.isProbing = agent.collector.isReady
        scene.hasManager = agent.readiness.isListenedTo
        return scene
    }

    // What is seen.

    func hear(_ event: EventRecord) {
        guard let drill, !drill.report.isOver else { return }
        if event.kind == .agentStopping { return receive(.ended("the agent was stopped")) }
        guard let name = event.service else { return }
        if name == drill.report.service {
            var reply = ControlReply()
            reply.event = event
            connection?.send(reply)
        }
        receive(.told(event.kind, name))
        lookSoon()
    }

    func hear(_ answer: Report, of name: ServiceName) {
        guard name == report?.service, case .failed = answer.outcome else { return }
        receive(.probeFailed)
    }

    private func lookSoon() {
        guard !isLookDue else { return }
        isLookDue = true
        agent.loop.setAlarm(after: .zero) { [unowned self] in
            isLookDue = false
            look()
        }
    }

    private func look() {
        guard let report, !report.isOver, let name = report.service else { return }
        let alert = agent.alarms.book?.open.first {
            $0.state == .firing && $0.subject.service == name
        }
        if let alert { receive(.alerted(alert.id)) }
        guard let member = agent.stack?.members[name] else {
            return receive(.ended("it left the stack"))
        }
        guard member.isWell else { return }
        guard member.spec.healthCheck.probe == .none else {
            return receive(.well(instance: member.instances))
        }
        prove(member.instances, of: report, name)
    }

    /// Without a probe it counts as well as soon as it is started: it has to live for a moment.
    private func prove(_ number: Int, of report: DrillReport, _ name: ServiceName) {
        guard proving != number else { return }
        proving = number
        agent.loop.setAlarm(after: Self.proof) { [unowned self] in
            guard self.report?.injected == report.injected,
                let member = agent.stack?.members[name], member.isWell,
                member.instances == number
            else { return }
            receive(.well(instance: number))
        }
    }

    private func receive(_ event: Drill.Event) {
        drill?.receive(event, at: Clock.now())
        guard let report, report.isOver else { return }
        finish(report)
    }

    private func finish(_ report: DrillReport) {
        agent.loop.cancel(alarm)
        if report.fault == .hang, let instance, let name = report.service,
            agent.runners[name]?.owns(instance) == true
        {
            instance.tree.resume()
        }
        if let operation { agent.alarms.endOperation(operation) }
        record(report)
        connection?.send(Self.reply(report))
        connection = nil
        instance = nil
        isInjected = false
        operation = nil
        alarm = nil
        drill = nil
        proving = nil
        agent.rememberInstances()
        // What was recorded is told after a turn.
        agent.loop.setAlarm(after: .zero) {}
    }

    private func record(_ report: DrillReport) {
        agent.record(
            .drill, report.service, report.hasPassed ? .notice : .error, Self.words(report))
    }

    private static func words(_ report: DrillReport) -> String {
        "drill: \(report.fault.rawValue) \(report.verdict)"
    }

    private static func reply(_ report: DrillReport) -> ControlReply {
        var reply =
            report.hasPassed
            ? ControlReply.end(words(report)) : ControlReply.failure(.failed, words(report))
        reply.drill = report
        return reply
    }

    func forget(_ connection: ControlConnection) {
        if self.connection === connection { self.connection = nil }
    }

    /// The agent before died in a drill: what it had stopped goes on. Or of a drill: then all but `lost` ran on.
    func cleanUp(after report: DrillReport?, lost: [ServiceName]) {
        guard let report else { return }
        guard let name = report.service else {
            let elapsed = (Clock.wallTime() - report.injected).seconds
            let verdict = Drill.concluded(report, after: elapsed, without: lost)
            deathReport = verdict
            return record(verdict)
        }
        if report.fault == .hang { agent.runners[name]?.instance?.tree.resume() }
        agent.record(
            .drill, report.service, .warning,
            "drill: \(report.fault.rawValue), asked by \(report.askedBy), has no verdict: "
                + "the agent was ended meanwhile")
    }
}
