internal import CollectorProtocol
internal import LinuxSystem
internal import Logs
internal import Monitoring
internal import Rollouts
internal import StackModel
internal import Supervision

extension Runner {
    func beginProbing(_ instance: Instance) {
        switch rules(of: instance).probe {
        case .none, .notify: break
        case .http, .tcp, .redis, .postgres, .exec, .shell: ask(instance)
        }
    }

    /// The definition may have changed under the instance: probes follow it.
    func adjustProbing() {
        guard let instance, let member = agent.stack?.members[name], member.state.isRunning else {
            return
        }
        // Its FIFOs are open: this only changes the policy, and cannot fail.
        if member.nextSpec == nil { _ = try? agent.logs.open(name, policy: member.spec.logging) }
        instance.stopProbing(on: agent)
        agent.board.adjusted(.service(name), rules: rules(of: instance))
        instance.schedule = ProbeSchedule(startedAt: Clock.now())
        beginProbing(instance)
        enforceLimits(of: instance)
    }

    /// The collector is back: what was asked of the old one is asked again.
    func askAgain() {
        for instance in [instance, other].compactMap({ $0 })
        where instance.outstanding != nil && instance.execProbe == nil { ask(instance) }
    }

    /// An instance that is being tried follows its own definition, closely watched ones a quicker beat.
    func rules(of instance: Instance) -> HealthCheck {
        guard instance === self.instance else { return instance.spec.healthCheck }
        var rules = agent.stack?.members[name]?.spec.healthCheck ?? instance.spec.healthCheck
        if let soakInterval { rules.interval = min(rules.interval, soakInterval) }
        return rules
    }

    /// It is asked: it has users, or is to have them.
    private func isAsked(_ instance: Instance) -> Bool {
        guard !instance.mainHasEnded else { return false }
        if instance === other { return swap?.state == .starting || swap?.state == .ready }
        return instance === self.instance && agent.stack?.members[name]?.state.isRunning == true
    }

    private func isReady(_ instance: Instance) -> Bool {
        if instance === other { return swap?.state == .ready }
        if case .up = agent.stack?.members[name]?.state { return true }
        return false
    }

    private func ask(_ instance: Instance) {
        agent.loop.cancel(instance.probeAlarm)
        let rules = rules(of: instance)
        let id = agent.nextProbeID()
        instance.outstanding = id
        instance.asked = Clock.now()
        instance.due = nil
        switch rules.probe {
        case .exec(let command): run(command, id, instance, rules)
        case .shell(let line): run(["/bin/sh", "-c", line], id, instance, rules)
        case .http, .tcp, .redis, .postgres:
            let request = ProbeRequest(
                id: id, service: name, probe: rules.probe,
                contract: instance.spec.effectiveContract, timeout: rules.timeout,
                awaitsListener: !isReady(instance), sourceAddress: instance.probeSource)
            agent.collector.ask(request) { [weak self] report in
                self?.answered(report, id, instance)
            }
            // The collector keeps the limit itself; this is for one that does not.
            instance.probeAlarm = agent.loop.setAlarm(
                after: rules.timeout + AgentLimits.probeMargin
            ) { [weak self] in
                self?.agent.collector.isOverdue(askedAt: instance.asked)
                self?.answered(Report(.unknown("the collector did not answer")), id, instance)
            }
        case .none, .notify: break
        }
    }

    private func run(_ command: [String], _ id: UInt64, _ instance: Instance, _ rules: HealthCheck)
    {
        instance.execProbe = CommandRun(
            besides(instance, command), of: name.text, resources(of: instance),
            timeout: rules.timeout, agent: agent
        ) { [weak self] report in
            instance.execProbe = nil
            self?.answered(report, id, instance)
        }
    }

    /// Asks now, beside the schedule, whose beat is kept; not where a question is under way.
    func askBesides() {
        guard let instance, instance.outstanding == nil, isAsked(instance) else { return }
        switch rules(of: instance).probe {
        case .none, .notify: return
        case .http, .tcp, .redis, .postgres, .exec, .shell: break
        }
        let due = instance.due
        ask(instance)
        instance.due = due
    }

    private func answered(_ report: Report, _ id: UInt64, _ instance: Instance) {
        guard owns(instance), instance.outstanding == id else { return }
        instance.outstanding = nil
        agent.loop.cancel(instance.probeAlarm)
        take(report, instance, asked: instance.asked)
        guard instance.outstanding == nil, isAsked(instance) else { return }
        let now = Clock.now()
        let due =
            instance.due.flatMap { $0 > now ? $0 : nil }
            ?? instance.schedule.next(
                isReady: isReady(instance), now: now, chance: .random(in: 0..<1),
                rules: rules(of: instance))
        instance.due = due
        instance.probeAlarm = agent.loop.setAlarm(at: due) { [weak self] in self?.ask(instance) }
        if isReady(instance) { agent.meter.giveBackSoon() }
    }

    /// Takes an answer in, whoever gave it.
    func take(_ report: Report, _ instance: Instance, asked: Moment? = nil) {
        let report = instance.mask.hidden(in: report)
        instance.lastReport = report
        if report.latency > .zero { latencies.add(report.latency) }
        instance.lastReportTime = Clock.wallTime()
        guard instance === self.instance else { return otherAnswered(report, instance) }
        agent.drilling.hear(report, of: name)
        agent.receive(report, from: .service(name), asked: asked ?? Clock.now())
    }
}
