internal import Glibc
internal import LinuxSystem
internal import Logs
internal import Monitoring
internal import StackModel
internal import Supervision
internal import SystemPackage

/// One service's hands: does what `Stack` decides for it, and tells what came of it. It decides nothing.
final class Runner {
    let name: ServiceName
    unowned let agent: Agent
    /// The running instance, until its process tree is empty.
    var instance: Instance?
    /// Since when the service is in its state.
    var since = Clock.wallTime()
    var restarts = 0
    var lastExit: ExitReason?
    /// Of the instance before.
    var lastReport: Report?
    /// When the alarm rings, while there is one.
    private(set) var alarmTime: Timestamp?
    private var alarm: AlarmID?
    private var cgroup: Cgroup?
    private var notificationSocket: NotificationSocket?
    /// Made once for each definition, so that a restart does not wait for it.
    private var prepared: (spec: ServiceSpec, request: SpawnRequest)?
    var usage = Usage()
    var latencies = Latencies()
    var restartsMeasured = 0
    var isFloodingItsLog = false
    /// Bytes of its output that were lost, and when that was told last.
    var logLoss: (bytes: UInt64, at: Moment)?
    var oomKilledAt: Moment?
    var availability = Availability()
    var accountedAt = Clock.now()
    var wasWanted = false
    /// What those that need it were told last.
    var wasWell = false

    init(_ name: ServiceName, of agent: Agent) {
        self.name = name
        self.agent = agent
    }

    func perform(_ effect: Lifecycle.Effect) {
        switch effect {
        case .spawn: spawn()
        case .sendStopSignal:
            instance?.stopProbing(on: agent)
            instance?.tree.signal(agent.stack?.members[name]?.spec.stopSignal ?? .terminate)
        case .killTree:
            instance?.stopProbing(on: agent)
            instance?.kill()
        case .setAlarm(let delay): setAlarm(after: delay)
        case .clearAlarm: clearAlarm()
        case .reportAnomaly(let state, let event):
            assertionFailure("'\(name)': \(event) while \(state)")
            agent.record(
                .agentAnomaly, name, .error, "\(event) while \(state) cannot happen, ignoring")
        }
    }

    /// The service left the stack file: nothing of it stays but its log.
    func discard() {
        clearAlarm()
        agent.logs.close(name)
        try? cgroup?.remove()  // Still populated would have been "not down".
        notificationSocket?.close(on: agent.loop)
    }

    private func setAlarm(after delay: Duration) {
        agent.loop.cancel(alarm)
        alarmTime = Clock.wallTime() - (.zero - delay)
        alarm = agent.loop.setAlarm(after: delay) { [unowned self] in
            alarm = nil
            alarmTime = nil
            agent.post(.happened(name, .alarmRang))
        }
    }

    private func clearAlarm() {
        agent.loop.cancel(alarm)
        alarm = nil
        alarmTime = nil
    }

    private func spawn() {
        guard let member = agent.stack?.members[name] else { return }
        do throws(SpawnError) {
            try start(member.spec, number: member.instances)
        } catch {
            prepared = nil  // Whatever was wrong with it is looked at anew next time.
            lastExit = .notStarted(error.description)
            agent.record(.startFailed, name, .error, error.description)
            agent.answer(.happened(name, .spawnFailed(error.description)))
        }
    }

    private func start(_ spec: ServiceSpec, number: Int) throws(SpawnError) {
        if spec.healthCheck.probe.asksItsOwnPort, let clash = portClash(spec) {
            throw SpawnError("cannot start '\(name)': \(clash)")
        }
        var request = try preparedRequest(for: spec)
        let mark = "\(agent.options.identity).\(name).\(number)"
        request.environment[ProcessTree.markName] = mark
        let child: Child
        do {
            try request.cgroup?.make()
            child = try request.spawn()
        } catch {
            throw SpawnError("cannot start '\(name)': \(error)")
        }
        let instance = Instance(
            number: number, child: child,
            tree: ProcessTree(leader: child.pid, cgroup: request.cgroup, mark: mark),
            spec: spec)
        self.instance = instance
        do {
            try watch(child, of: instance)
        } catch {
            // Out of memory or descriptors: without a watch it must not run.
            instance.tree.kill()
            self.instance = nil
            throw SpawnError("cannot start '\(name)': \(error)")
        }
        agent.board.began(.service(name), rules: spec.healthCheck, now: instance.started)
        if number > 1 { restarts += 1 }
        agent.record(
            .started, name, .info,
            "started (pid \(child.pid)\(number > 1 ? ", instance \(number)" : ""))")
        agent.rememberInstances()
        agent.answer(.happened(name, .spawned(saysWhenReady: spec.healthCheck.probe != .none)))
        beginProbing(instance)
    }

    /// Everything about a spawn that does not change between instances.
    private func preparedRequest(for spec: ServiceSpec) throws(SpawnError) -> SpawnRequest {
        if let prepared, prepared.spec == spec { return prepared.request }
        var request = SpawnRequest(arguments: spec.command)
        request.identity = try identity(for: spec)
        request.environment = environment(for: spec, identity: request.identity)
        request.directory = spec.workingDirectory
        request.confinement = spec.confinement
        request.baseLimits = agent.inheritedLimits
        do {
            let paths = try agent.logs.open(name, policy: spec.logging)
            request.output = .fifo(paths.stdout)
            request.error = .fifo(paths.stderr)
        } catch {
            throw SpawnError("cannot start '\(name)': \(error)")
        }
        if let root = agent.cgroupRoot {
            cgroup = root.child(name.text)
            request.cgroup = cgroup
        }
        if spec.healthCheck.probe == .notify {
            try openNotificationSocket(spec, request.identity)
            request.environment["NOTIFY_SOCKET"] = notificationSocket?.address
            let watchdog = spec.healthCheck.interval * spec.healthCheck.retries
            request.environment["WATCHDOG_USEC"] = String(watchdog.nanoseconds / 1000)
        }
        prepared = (spec, request)
        return request
    }

    /// Whom its probes run as: nil where it is the agent's own user.
    var probeIdentity: Identity? { prepared?.request.identity }

    func probeEnvironment(_ instance: Instance) -> [String: String] {
        var environment = prepared?.request.environment ?? [:]
        environment["NOTIFY_SOCKET"] = nil
        environment["WATCHDOG_USEC"] = nil
        return environment
    }

    private func identity(for spec: ServiceSpec) throws(SpawnError) -> Identity? {
        guard let user = spec.user, !user.isEmpty else { return nil }
        do throws(SpawnError) {
            let identity = try Identity(user)
            if identity.user == geteuid() { return nil }
            guard geteuid() == 0 else {
                throw SpawnError("cannot run as '\(user)': the agent does not run as root")
            }
            return identity
        } catch {
            throw SpawnError("cannot start '\(name)': \(error)")
        }
    }

    private func environment(for spec: ServiceSpec, identity: Identity?) -> [String: String] {
        let user = identity ?? .current()
        // Like a container, a service sees what is declared; of the agent's own only where things are.
        var environment = agent.options.environment.filter {
            ["PATH", "LANG", "TZ", "TMPDIR"].contains($0.key)
        }
        environment["PATH"] = environment["PATH"] ?? SpawnRequest.defaultPath
        environment["HOME"] = user.home
        environment["USER"] = user.name
        environment["LOGNAME"] = user.name
        environment["CATALYST_SERVICE"] = name.text
        environment.merge(spec.environment) { $1 }
        return environment
    }

    private func openNotificationSocket(_ spec: ServiceSpec, _ identity: Identity?)
        throws(SpawnError)
    {
        guard notificationSocket == nil else { return }
        do {
            notificationSocket = try NotificationSocket(
                address: "@catalyst/\(agent.options.identity)/\(name)", on: agent.loop
            ) { [unowned self] notification in received(notification) }
        } catch {
            throw SpawnError("cannot start '\(name)': \(error)")
        }
    }

    private func watch(_ child: Child, of instance: Instance) throws(SystemError) {
        try agent.reaper.watch(child) { [unowned self] reason in
            // Another process may have become the main one meanwhile.
            if instance.child == child { mainEnded(reason, of: instance) }
        }
    }

    /// MAINPID=: from now on the life of `pid`, a process of the instance, is the instance's.
    func follow(_ pid: Int32, _ instance: Instance) {
        guard pid != instance.child.pid, instance.tree.contains(pid),
            let child = Child(existing: pid)
        else { return }
        do {
            try watch(child, of: instance)
            instance.child = child
            agent.record(.notified, name, .info, "its main process is now pid \(pid)")
        } catch {
            agent.record(
                .notified, name, .warning,
                "cannot follow its new main process \(pid): \(error), ignoring")
        }
    }

    private func mainEnded(_ reason: ExitReason, of ended: Instance) {
        guard ended === instance, !ended.mainHasEnded else { return }
        ended.mainHasEnded = true
        ended.stopProbing(on: agent)
        agent.board.ended(.service(name))
        lastExit = reason
        lastReport = ended.lastReport
        let isWanted = agent.stack?.members[name]?.state.isRunning == true
        let isOutOfMemory = isOutOfMemory(reason, ended)
        if isOutOfMemory { oomKilledAt = Clock.now() }
        agent.record(
            .exited, name, isWanted && !reason.isSuccess ? .warning : .info,
            "\(reason)\(isOutOfMemory ? ": it ran out of memory" : "")")
        if !reason.isSuccess, case .starting = agent.stack?.members[name]?.state,
            let clash = portClash(ended.spec)
        {
            agent.record(.startFailed, name, .error, "\(clash): that may be why")
        }
        agent.post(.happened(name, .exited(reason)))
        checkEmptiness(of: ended)
    }

    /// Whether the kernel killed it, and its cgroup says why.
    private func isOutOfMemory(_ reason: ExitReason, _ ended: Instance) -> Bool {
        guard case .signaled(.kill, _) = reason, !ended.wasKilled,
            let kills = ended.tree.cgroup?.oomKills
        else { return false }
        return kills > ended.oomKillsBefore
    }

    private func portClash(_ spec: ServiceSpec) -> String? {
        spec.ports.first(where: \.isTaken).map { "port \($0.number) is in use by \($0.ownerWords)" }
    }

    /// After the main process: is anything left? Asked until there is not.
    func checkEmptiness(of ended: Instance) {
        guard ended === instance, ended.mainHasEnded else { return }
        agent.loop.cancel(ended.emptinessAlarm)
        guard ended.tree.isEmpty else {
            ended.emptinessAlarm = agent.loop.setAlarm(after: AgentLimits.emptinessPoll) {
                [unowned self] in
                checkEmptiness(of: ended)
            }
            return
        }
        instance = nil
        // See `Cgroup.kill`; it is made again for the next start.
        if ended.wasKilled { try? cgroup?.remove() }
        agent.rememberInstances()
        agent.post(.happened(name, .emptied))
        // After the restart: it wakes another thread, which the new instance would wait for.
        agent.logs.drain(name)
        if agent.stack?.members[name]?.state.isDown == true { putAway() }
    }

    /// Down: the cgroup goes, and is made again for the next start.
    private func putAway() {
        // A process that came into it from outside keeps it; the next start uses it again.
        try? cgroup?.remove()
        prepared = nil
    }
}

extension Probe {
    /// A command, or a probe of Redis, may as well ask another service: its port is then a guess, and no
    /// reason to refuse a start.
    fileprivate var asksItsOwnPort: Bool {
        switch self {
        case .none, .http, .tcp, .notify: true
        case .redis, .postgres, .exec, .shell: false
        }
    }
}
