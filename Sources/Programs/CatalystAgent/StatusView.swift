internal import ControlProtocol
internal import Glibc
internal import Ledger
internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

extension Agent {
    var version: AgentVersion {
        AgentVersion(version: catalystVersion, pid: getpid(), since: started)
    }

    /// One line for systemd's `status` and for the log.
    var headline: String {
        guard let stack else { return "reading the stack file" }
        let wanted = stack.order.filter { stack.members[$0]?.isWanted == true }
        let well = wanted.filter { stack.members[$0]?.isWell == true }
        return "\(well.count) of \(wanted.count) services are well"
    }

    func status(of names: [ServiceName]? = nil) -> StackStatus {
        let order = stack?.spec.services.map(\.name) ?? []
        let services = order.filter { names?.contains($0) ?? true }.compactMap(serviceStatus)
        var status = StackStatus(
            stack: stack?.spec.name ?? "", state: overallState(services), time: Clock.wallTime(),
            agent: version,
            services: services,
            notes: notes.sorted { $0.key < $1.key }.map(\.value)
                + (chronicle.journalNote.map { [$0] } ?? []) + collectorNotes + ledgerNotes
                + notifierNotes + limitNotes)
        status.host = hostStatus
        return status
    }

    private var ledgerNotes: [String] {
        ledger.problem.map { ["nothing is kept on disk: \($0)"] } ?? []
    }

    private var notifierNotes: [String] {
        notifier.dropped == 0
            ? []
            : [
                "the on_alert command was not told of \(notifier.dropped) alerts, because too many "
                    + "waited: see 'catalystctl alerts --since 24h'"
            ]
    }

    private var hostStatus: HostStatus {
        var host = HostStatus()
        host.readings = meter.readings.filter { $0.key.service == nil }
        host.alerts = (alarms.book?.open ?? []).filter { $0.state == .firing }.map { alert in
            var alert = alert
            alert.evidence = Evidence()
            return alert
        }
        host.maintenance = alarms.book?.maintenance
        host.rollout = rolling.rollout
        host.metrics = metricsAddress
        host.limitations = limitations
        if stack?.spec.database != nil {
            var outbox = OutboxStatus(
                waiting: ledger.outboxCount.records, dropped: ledger.outboxCount.dropped.total)
            outbox.lastShipped = courier.lastShipped ?? ledger.outboxCount.lastShipped
            outbox.problem = courier.problem
            host.outbox = outbox
        }
        return host
    }

    /// What cannot be done on this machine.
    private var limitations: [String] {
        let unseen = meter.disksAsked.filter { path in !meter.disks.contains { $0.path == path } }
        let disks = unseen.map { path in
            "the disk of '\(path)' is not measured: it is not local, or the collector, "
                + "which has no rights, may not look into the directory above"
        }
        // Without cgroups at all that is told among the notes.
        guard let cgroups, !cgroups.controllers.contains(.memory) else { return disks }
        return disks + ["no memory controller: what services use is read from /proc"]
    }

    private var collectorNotes: [String] {
        collector.isReady
            ? []
            : [
                "the collector is not running: probes are not answered, health is as it was last known"
            ]
    }

    private func overallState(_ services: [ServiceStatus]) -> StackStatus.State {
        if stack?.isShuttingDown == true { return .stopping }
        guard stack != nil else { return .starting }
        let wanted = services.filter(\.wanted)
        if wanted.isEmpty { return services.contains { $0.state == .stopping } ? .stopping : .down }
        if wanted.allSatisfy(\.isWell) { return .healthy }
        return wanted.allSatisfy { $0.isWell || $0.isOnItsWay } ? .starting : .unhealthy
    }

    func serviceStatus(_ name: ServiceName) -> ServiceStatus? {
        guard let stack, let member = stack.members[name] else { return nil }
        let runner = runner(name)
        var status = ServiceStatus(
            name: name, state: member.state.stage,
            health: board[.service(name)]?.tally.verdict ?? .unknown,
            hasHealthCheck: member.spec.healthCheck.probe != .none, wanted: member.isWanted,
            since: runner.since, restarts: runner.restarts)
        if let instance = runner.instance {
            status.pid = instance.child.pid
            status.memory = runner.usage.sample?.memory
            status.cpu = runner.usage.cpu
            status.processes = runner.usage.sample?.processes
            status.pressure = runner.usage.sample?.pressure
            status.latency = instance.lastReport?.latency ?? .zero
            status.statusText = instance.statusText
        }
        status.availability = runner.availability
        status.port = member.spec.ports.first?.number
        status.memoryLimit = member.spec.resources.limits.memory
        status.lastExit = runner.lastExit
        status.blockedBy = blockers(name, member)
        if case .waiting = member.state { status.nextAttempt = runner.alarmTime }
        if case .failed = member.state { status.nextAttempt = runner.alarmTime }
        status.problem = problem(name, member, runner)
        return status
    }

    private func blockers(_ name: ServiceName, _ member: Stack.Member) -> [Subject] {
        if case .held = member.state {
            return (stack?.missing(for: name) ?? []).map(Subject.service)
        }
        return causes(of: name)
    }

    /// What is wrong with a service, in words; nil: nothing.
    private func problem(_ name: ServiceName, _ member: Stack.Member, _ runner: Runner) -> String? {
        let exit = runner.lastExit.map { "\($0)" } ?? "ended"
        switch member.state {
        case .down(.ended(let reason)):
            return reason.isSuccess ? nil : "\(reason), and its restart policy leaves it down"
        case .down: return nil
        case .held:
            let missing = stack?.missing(for: name) ?? []
            return missing.isEmpty
                ? nil : "waits for \(missing.map(describe).joined(separator: ", "))"
        case .waiting(let history): return "\(exit), \(Self.times(history.crashes)) in a row"
        case .failed(let history): return "\(exit), \(Self.times(history.crashes)) in a row"
        case .starting, .up: return trouble(of: name)
        case .stopping, .clearing: return nil
        }
    }

    func trouble(of name: ServiceName) -> String? {
        guard let tally = board[.service(name)]?.tally else { return nil }
        let failure = tally.lastFailure.map { "\($0)" }
        switch tally.verdict {
        case .healthy: return nil
        case .degraded: return tally.complaint ?? "it says so"
        case .unhealthy:
            let words = failure ?? "its probe fails"
            return stack?.braked.contains(name) == true
                ? "\(words); the brake forbids its restart for now" : words
        case .blocked:
            let words = (stack?.culprits(behind: name) ?? []).map(\.words).joined(separator: ", ")
            return
                "through \(words.isEmpty ? "what it needs" : words): \(failure ?? "its probe fails")"
        case .unknown:
            if case .unknown(let words)? = runners[name]?.instance?.lastReport?.outcome {
                return words
            }
            return failure
        }
    }

    private static func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }

    private func describe(_ name: ServiceName) -> String {
        guard let status = stack?.members[name] else { return name.text }
        return
            "\(name) (\(status.isWanted ? "\(status.state.stage.rawValue)" : "stopped by the operator"))"
    }
}

extension ServiceStatus {
    var isWell: Bool {
        state == .completed
            || state == .up && (!hasHealthCheck || health == .healthy || health == .degraded)
    }
    var isOnItsWay: Bool {
        (state == .held || state == .starting || state == .down) && problemIsOnlyWaiting
    }
    private var problemIsOnlyWaiting: Bool { lastExit == nil && restarts == 0 }
}
