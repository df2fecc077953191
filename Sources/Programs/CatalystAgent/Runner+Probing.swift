internal import CollectorProtocol
internal import LinuxSystem
internal import Logs
internal import Monitoring
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
        beginProbing(instance)
    }

    /// The collector is back: what was asked of the old one is asked again.
    func askAgain() {
        guard let instance, instance.outstanding != nil, instance.execProbe == nil else { return }
        ask(instance)
    }

    private func rules(of instance: Instance) -> HealthCheck {
        agent.stack?.members[name]?.spec.healthCheck ?? instance.spec.healthCheck
    }

    private var isReady: Bool {
        if case .up = agent.stack?.members[name]?.state { true } else { false }
    }

    private func ask(_ instance: Instance) {
        agent.loop.cancel(instance.probeAlarm)
        let rules = rules(of: instance)
        let id = agent.nextProbeID()
        instance.outstanding = id
        switch rules.probe {
        case .exec(let command): run(command, id, instance, rules)
        case .shell(let line): run(["/bin/sh", "-c", line], id, instance, rules)
        case .http, .tcp, .redis, .postgres:
            let request = ProbeRequest(
                id: id, service: name, probe: rules.probe, contract: instance.spec.contract,
                timeout: rules.timeout, awaitsListener: !isReady)
            agent.collector.ask(request) { [weak self] report in
                self?.answered(report, id, instance)
            }
            // The collector keeps the limit itself; this is for one that does not.
            instance.probeAlarm = agent.loop.setAlarm(
                after: rules.timeout + AgentLimits.probeMargin
            ) { [weak self] in
                self?.answered(Report(.unknown("the collector did not answer")), id, instance)
            }
        case .none, .notify: break
        }
    }

    private func run(_ command: [String], _ id: UInt64, _ instance: Instance, _ rules: HealthCheck)
    {
        var request = SpawnRequest(arguments: command, environment: probeEnvironment(instance))
        request.identity = probeIdentity
        request.directory = instance.spec.workingDirectory
        request.confinement = instance.spec.confinement
        request.baseLimits = agent.inheritedLimits
        instance.execProbe = ExecProbe(
            request, of: name, timeout: rules.timeout, agent: agent
        ) { [weak self] report in
            instance.execProbe = nil
            self?.answered(report, id, instance)
        }
    }

    private func answered(_ report: Report, _ id: UInt64, _ instance: Instance) {
        guard instance === self.instance, instance.outstanding == id else { return }
        instance.outstanding = nil
        agent.loop.cancel(instance.probeAlarm)
        take(report, instance)
        guard instance === self.instance, !instance.mainHasEnded,
            agent.stack?.members[name]?.state.isRunning == true
        else { return }
        let next = instance.schedule.next(
            isReady: isReady, now: Clock.now(), chance: .random(in: 0..<1),
            rules: rules(of: instance))
        instance.probeAlarm = agent.loop.setAlarm(at: next) { [weak self] in self?.ask(instance) }
    }

    /// Takes an answer in, whoever gave it, and tells the stack what it means.
    func take(_ report: Report, _ instance: Instance) {
        let now = Clock.now()
        let before = instance.tally.verdict
        let blocked = agent.stack?.culprits(behind: name) ?? []
        let rules = rules(of: instance)
        instance.lastReport = report
        instance.lastReportTime = Clock.wallTime()
        instance.tally.receive(report, at: now, isBlocked: !blocked.isEmpty, rules: rules)
        instance.tally.expire(at: now, rules: rules)
        let verdict = instance.tally.verdict
        if verdict != before { announce(verdict, instance, blocked: blocked) }
        agent.post(.judged(name, verdict, hung: instance.tally.isHung))
    }

    private func announce(_ verdict: Verdict, _ instance: Instance, blocked: [ServiceName]) {
        let failure = instance.tally.lastFailure.map { "\($0)" } ?? ""
        switch verdict {
        case .healthy: agent.record(.healthy, name, .info, "healthy")
        case .degraded:
            agent.record(.degraded, name, .warning, "degraded: \(instance.tally.complaint ?? "")")
        case .unhealthy:
            agent.record(
                .unhealthy, name, .error,
                "unhealthy: \(failure) (\(instance.tally.failures) probes in a row)")
        case .blocked:
            let names = blocked.map(\.text).joined(separator: ", ")
            agent.record(.blocked, name, .warning, "blocked by \(names): \(failure)")
        case .unknown:
            agent.record(.unknown, name, .warning, "health unknown: no probe was answered lately")
        }
    }
}
