internal import ControlServer
internal import Glibc
internal import Ledger
internal import LinuxSystem
internal import Logs
internal import Rollouts
internal import StackModel
internal import Supervision
internal import Systemd

/// How the agent begins to be heard, and how it ends.
extension Agent {
    /// A user's own may lie in /tmp, where others could have made it first.
    static func makeRuntimeDirectory(_ directory: String) throws {
        guard !directory.isEmpty else { return }
        let isOwn = geteuid() != 0
        try Directory.make(directory, mode: isOwn ? 0o700 : 0o755)
        if isOwn, directory.hasPrefix("/tmp/catalyst-"), !Directory.isOwn(directory) {
            throw StartError(
                "'\(directory)' belongs to another user: name another socket with --socket")
        }
    }

    func listen() throws {
        let server = try ControlServer(
            on: loop, path: options.socketPath,
            listener: heirlooms.claim(Handover.controlSocket), policy: .ofThisMachine())
        server.onRequest = { [unowned self] request, connection in answer(request, connection) }
        server.onClose = { [unowned self] connection in forget(connection) }
        server.origin = { [unowned self] peer in origin(of: peer) }
        server.onExhaustion = { [unowned self] problem in exhausted(problem) }
        audit.listen(to: server)
        self.server = server
    }

    private func forget(_ connection: ControlConnection) {
        // What was asked for goes on, and what is not told because of it.
        for waiter in waiters where waiter.connection === connection { waiter.connection = nil }
        listeners.removeAll { $0.connection === connection }
        rolling.forget(connection)
        drilling.forget(connection)
    }

    func receiveSignals() throws {
        try signals.deliver(on: loop, rank: .signsOfDeath) { [unowned self] signal in
            switch signal {
            case .child: reaper.reapOrphans()
            case .hangUp: reload(nil)
            default: shutDown(because: signal)
            }
        }
    }

    private func shutDown(because signal: SignalName) {
        readiness.stopping()
        guard stack?.isShuttingDown != true else {
            record(.agentStopping, nil, .warning, "\(signal) again: killing what still runs")
            for runner in runners.values { runner.swapped(.alarmRang) }
            beginShutdown(.hastened)
            return
        }
        record(.agentStopping, nil, .notice, "\(signal): stopping the stack")
        guard stack == nil else { return beginShutdown(.shutdownRequested) }
        guard !isEnding else { return end() }
        isEnding = true
        end(findLeftovers()) { [unowned self] in end() }
    }

    /// A rollout under way is left as the ledger has it: the next agent goes on with it.
    private func beginShutdown(_ event: Stack.Event) {
        rolling.leave()
        for runner in runners.values { runner.abandonSwap() }
        post(event)
    }

    private func end() {
        isEnding = true
        loop.stop()
    }

    func feedWatchdog() {
        guard let interval = readiness.watchdogInterval else { return }
        readiness.ping()
        readiness.status(headline)
        loop.setAlarm(after: interval / 2) { [unowned self] in feedWatchdog() }
    }

    /// Stops because the agent cannot do its work at all.
    func giveUp(_ words: String, exitCode: Int32) {
        record(.stackRefused, nil, .critical, words)
        self.exitCode = exitCode
        end()
    }

    func tidyUp() {
        meter.endMinute()
        collector.end()
        endDescendants()
        for runner in runners.values { runner.discard() }
        logs.stop()
        saveWishes()
        stateKeeper.remove([options.instancesFile])
        record(.agentStopped, nil, .notice, "catalystd stopped")
        let events = chronicle.tell()
        ledger.write(events.map(LedgerEntry.event))
        for event in events { tellWaiters(event) }
        server?.close()
        shelfThread.finish()
        ledger.finish()
        stateKeeper.finish()
        chronicle.finish()
    }

    /// The services are down; what else was born below the agent (orphans, probes) ends now. Nothing is left behind.
    private func endDescendants() {
        let deadline = Clock.now() + .seconds(2)
        while Clock.now() < deadline {
            let left = Proc.descendants(of: getpid(), in: Proc.all())
            for entry in left { kill(entry.pid, SIGKILL) }
            let isSwept = cgroups?.cgroup.removeAll() ?? true
            if left.isEmpty, isSwept { return }
            reaper.reapOrphans()
            // A loop that fails now has nothing left to serve.
            try? loop.turn(waitingAtMost: .milliseconds(5))
        }
    }
}
