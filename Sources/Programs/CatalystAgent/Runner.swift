internal import Glibc
internal import LinuxSystem
internal import Logs
internal import Monitoring
internal import Rollouts
internal import StackModel
internal import Supervision
internal import SystemPackage

/// One service's hands: does what `Stack` decides for it, and tells what came of it. It decides nothing.
final class Runner {
    let name: ServiceName
    unowned let agent: Agent
    /// The running instance, until its process tree is empty.
    var instance: Instance?
    /// Beside it, while one takes the place of the other: the new one before users are admitted to it, the old one
    /// after.
    var other: Instance?
    var swap: Swap?
    var swapAlarm: AlarmID?
    /// Hears what comes of the swap.
    var onSwap: (Swap.Outcome) -> Void = { _ in }
    /// The sockets that the agent owns for it.
    var sockets: OwnedSockets? {
        didSet {
            sockets?.onMain = { [unowned self] in bequeathSocket() }
            bequeathSocket()
        }
    }
    /// While it is watched closely after a change.
    var soakInterval: Duration?
    /// Since when the service is in its state.
    var since = Clock.wallTime()
    var restarts = 0
    /// The number of the newest instance, proven or not: no two bear the same mark.
    var launched = 0
    var lastExit: ExitReason?
    /// Of the instance before.
    var lastReport: Report?
    /// When the alarm rings, while there is one.
    private(set) var alarmTime: Timestamp?
    private(set) var alarmDue: Moment?
    private var alarm: AlarmID?
    var notificationSocket: NotificationSocket?
    /// Made once for each definition, so that a restart does not wait for it.
    var prepared: Prepared?
    var usage = Usage()
    var latencies = Latencies()
    var restartsMeasured = 0
    var isFloodingItsLog = false
    /// Bytes of its output that were lost, and when that was told last.
    var logLoss: (bytes: UInt64, at: Moment)?
    /// When the kernel last killed an instance, or a part of it, for want of memory.
    var outOfMemory: (reason: ExitReason, at: Moment)?
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
            if isStoppingForGood { leaveUsers() }
            if let instance { stop(instance) }
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
        agent.loop.cancel(swapAlarm)
        agent.logs.close(name)
        leaveUsers()
        notificationSocket?.close(on: agent.loop)
        agent.heirlooms.forget(name.notificationHeirloom)
    }

    private func bequeathSocket() {
        if let main = sockets?.main.descriptor {
            agent.heirlooms.keep(main, named: name.socketHeirloom)
        } else {
            agent.heirlooms.forget(name.socketHeirloom)
        }
    }

    private func setAlarm(after delay: Duration) {
        agent.loop.cancel(alarm)
        alarmTime = Clock.wallTime() - (.zero - delay)
        alarmDue = Clock.now() + delay
        alarm = agent.loop.setAlarm(after: delay) { [unowned self] in
            alarm = nil
            alarmTime = nil
            alarmDue = nil
            agent.post(.happened(name, .alarmRang))
        }
    }

    private func clearAlarm() {
        agent.loop.cancel(alarm)
        alarm = nil
        alarmTime = nil
        alarmDue = nil
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
        let socket = try mainSocket(for: spec)
        if socket == nil, spec.healthCheck.probe.asksItsOwnPort, let clash = portClash(spec) {
            throw SpawnError("cannot start '\(name)': \(clash)")
        }
        let instance = try launch(spec, number: number, socket: socket)
        self.instance = instance
        agent.board.began(.service(name), rules: rules(of: instance), now: instance.started)
        if number > 1 { restarts += 1 }
        agent.record(
            .started, name, .info,
            "started (pid \(instance.child.pid)\(number > 1 ? ", instance \(number)" : ""))")
        agent.rememberInstances()
        agent.answer(.happened(name, .spawned(saysWhenReady: spec.healthCheck.probe != .none)))
        beginProbing(instance)
    }

    func watch(_ child: Child, of instance: Instance) throws(SystemError) {
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
        guard owns(ended), !ended.mainHasEnded else { return }
        ended.ended(on: agent)
        let reason = cause(of: reason, ended)
        let words = "\(reason)"
        guard ended === instance, !canGoBack else {
            return otherEnded(words, ended)
        }
        agent.board.ended(.service(name))
        lastExit = reason
        lastReport = ended.lastReport
        let isWanted = agent.stack?.members[name]?.state.isRunning == true
        agent.record(.exited, name, isWanted && !reason.isSuccess ? .warning : .info, words)
        if !reason.isSuccess, case .starting = agent.stack?.members[name]?.state,
            let clash = portClash(ended.spec)
        {
            agent.record(.startFailed, name, .error, "\(clash): that may be why")
        }
        agent.post(.happened(name, .exited(reason)))
        // In its soak, with nothing to go back to.
        if swap?.isAdmitted == true { swapped(.newExited(words)) }
        checkEmptiness(of: ended)
    }

    /// Whether it is one of the service's instances.
    func owns(_ instance: Instance) -> Bool { instance === self.instance || instance === other }

    private func portClash(_ spec: ServiceSpec) -> String? {
        guard spec.listen == nil else { return nil }
        return spec.ports.first(where: \.isTaken).map {
            "port \($0.number) is in use by \($0.ownerWords)"
        }
    }

    /// After the main process: is anything left? Asked until there is not.
    func checkEmptiness(of ended: Instance) {
        guard owns(ended), ended.mainHasEnded else { return }
        agent.loop.cancel(ended.emptinessAlarm)
        guard ended.tree.isEmpty else {
            ended.emptinessAlarm = agent.loop.setAlarm(after: AgentLimits.emptinessPoll) {
                [unowned self] in
                checkEmptiness(of: ended)
            }
            return
        }
        // See `Cgroup.kill`; it is made again for the next start.
        if ended.wasKilled || ended === other { try? ended.tree.cgroup?.remove() }
        agent.rememberInstances()
        guard ended === instance else { return otherLeft() }
        instance = nil
        // Callers have gone to another one since.
        if let socket = ended.socket { sockets?.close(socket) }
        agent.post(.happened(name, .emptied))
        // After the restart: it wakes another thread, which the new instance would wait for.
        agent.logs.drain(name)
        if agent.stack?.members[name]?.state.isDown == true { putAway(ended) }
    }

    /// Down: the cgroup goes, and is made again for the next start.
    private func putAway(_ ended: Instance) {
        // A process that came into it from outside keeps it; the next start uses it again.
        try? ended.tree.cgroup?.remove()
        prepared = nil
    }

    /// Those who call it from now on are refused: it is to stay down.
    func leaveUsers() {
        abandonSwap()
        sockets?.close()
        sockets = nil
    }

    private var isStoppingForGood: Bool {
        agent.stack?.members[name]?.state.isStoppingForGood == true
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
