internal import LinuxSystem
internal import Monitoring
internal import Rollouts
internal import StackModel
internal import Supervision

/// One instance takes another's place while both run: does what `Swap` decides.
extension Runner {
    /// Starts an instance of `spec` beside the one that runs, on a socket that users do not reach yet.
    func beginSwap(to spec: ServiceSpec, told: @escaping (Swap.Outcome) -> Void) throws(SpawnError)
    {
        guard let member = agent.stack?.members[name], let sockets, other == nil else {
            throw SpawnError("cannot start another '\(name)' beside the one that runs")
        }
        let socket: ListeningSocket
        do {
            socket = try sockets.openSecond()
        } catch {
            throw SpawnError("cannot start another '\(name)' beside the one that runs: \(error)")
        }
        do throws(SpawnError) {
            let candidate = try launch(spec, number: member.instances + 1, socket: socket)
            candidate.probeSource = sockets.probeSource
            begin(Swap(limits(of: spec)), with: candidate, told: told)
        } catch {
            sockets.close(socket)
            throw error
        }
    }

    private func begin(
        _ swap: Swap, with candidate: Instance, told: @escaping (Swap.Outcome) -> Void
    ) {
        self.swap = swap
        other = candidate
        onSwap = told
        agent.record(
            .started, name, .info,
            "a new instance started beside it (pid \(candidate.child.pid))")
        agent.rememberInstances()
        if let limit = swap.limits.start { setSwapAlarm(after: limit) }
        beginProbing(candidate)
        // Without a probe its being there is all that can be known: a moment must be enough.
        guard candidate.spec.healthCheck.probe == .none else { return }
        candidate.probeAlarm = agent.loop.setAlarm(after: AgentLimits.unaskedProof) {
            [unowned self] in swapped(.becameHealthy)
        }
    }

    /// An earlier agent began it: users are at `instance`, and `old` is still there.
    func goOnSwapping(old: Instance) {
        guard let instance else { return }
        other = old
        swap = Swap(limits(of: instance.spec), state: .serving)
        onSwap = { _ in }
    }

    private func limits(of spec: ServiceSpec) -> Swap.Limits {
        let old = instance?.spec ?? spec
        return Swap.Limits(
            start: LifePolicy(spec).startLimit ?? spec.healthCheck.startLimit,
            queue: AgentLimits.queueWait, drain: old.drain, oldStop: old.stopGracePeriod,
            newStop: min(spec.stopGracePeriod, AgentLimits.candidateGrace))
    }

    /// Tells the swap what happened, and does what it decides.
    func swapped(_ event: Swap.Event) {
        guard let effects = swap?.receive(event) else { return }
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: Swap.Effect) {
        switch effect {
        case .takeOver: changePlaces(.admitted)
        case .giveBack: changePlaces(.returned)
        case .lookAtQueue:
            agent.loop.setAlarm(after: AgentLimits.queuePoll) { [weak self] in
                guard let self, let sockets, let other else { return }
                swapped(.queueSeen(sockets.waiting(in: other.socket)))
            }
        case .stopNew, .stopOld: if let other { stop(other) }
        case .killNew, .killOld:
            other?.stopProbing(on: agent)
            other?.kill()
        case .setAlarm(let delay): setSwapAlarm(after: delay)
        case .clearAlarm: agent.loop.cancel(swapAlarm)
        case .tell(let outcome):
            if swap?.state == .over, other == nil { swap = nil }
            onSwap(outcome)
        }
    }

    private enum Direction { case admitted, returned }

    /// Users go to the other instance, which is the service's from now on.
    private func changePlaces(_ direction: Direction) {
        guard let next = other else { return }
        let previous = instance
        if let socket = next.socket, let sockets {
            do throws(SystemError) {
                try sockets.admit(to: socket)
            } catch {
                return cannotAdmit(error)
            }
            // Nobody is left to serve it.
            if previous == nil, let socket = sockets.previous { sockets.close(socket) }
        }
        previous?.stopProbing(on: agent)
        next.probeSource = nil
        instance = next
        other = previous
        lastReport = previous?.lastReport ?? lastReport
        agent.board.began(.service(name), rules: rules(of: next), now: Clock.now())
        since = Clock.wallTime()
        agent.post(.tookOver(next.spec))
        agent.record(
            .rolling, name, .notice,
            direction == .admitted
                ? "users go to the new instance (pid \(next.child.pid))"
                : "users go back to the old instance (pid \(next.child.pid))")
        agent.rememberInstances()
        if let report = next.lastReport { take(report, next) }
        next.schedule = ProbeSchedule(startedAt: Clock.now())
        beginProbing(next)
    }

    /// The kernel did it a moment ago for the probes; where it refuses now nothing changes for users.
    private func cannotAdmit(_ error: SystemError) {
        agent.record(.rolling, name, .error, "users cannot be sent to the new instance: \(error)")
        swapped(.becameUnhealthy("users cannot be sent to it: \(error)"))
    }

    private func setSwapAlarm(after delay: Duration) {
        agent.loop.cancel(swapAlarm)
        swapAlarm = agent.loop.setAlarm(after: delay) { [unowned self] in swapped(.alarmRang) }
    }

    /// Users are at a new instance, and there is an old one to go back to: the new one's troubles are the swap's.
    var canGoBack: Bool { swap?.state == .serving && other?.mainHasEnded == false }

    /// What was last heard of the instance that is, or was, being tried.
    var reportOfTheNew: Report? {
        swap == nil ? instance?.lastReport ?? lastReport : other?.lastReport
    }

    /// The main process of one of the two is gone, and that is no matter of the service's own life.
    func otherEnded(_ words: String, _ ended: Instance) {
        let isNew = (ended === other) != (swap?.isAdmitted == true)
        agent.record(
            .exited, name, isNew ? .warning : .info,
            "\(isNew ? "the new" : "the old") instance \(words)")
        swapped(isNew ? .newExited(words) : .oldExited)
        checkEmptiness(of: ended)
    }

    /// Nothing is left of the other instance.
    func otherLeft() {
        guard let gone = other else { return }
        if let socket = gone.socket, socket !== instance?.socket { sockets?.close(socket) }
        agent.loop.cancel(gone.emptinessAlarm)
        other = nil
        let isOld = swap?.isAdmitted == true
        swapped(isOld ? .oldLeft : .newLeft)
        if swap?.state == .over { swap = nil }
        agent.swapEnded()
    }

    /// An answer of the instance that is being tried.
    func otherAnswered(_ report: Report, _ candidate: Instance) {
        let rules = rules(of: candidate)
        candidate.tally.receive(report, at: Clock.now(), rules: rules)
        candidate.tally.decide(.own, rules: rules)
        switch candidate.tally.verdict {
        case .healthy, .degraded:
            if swap?.state == .starting {
                agent.record(.healthy, name, .info, "the new instance is healthy")
            }
            swapped(.becameHealthy)
        case .unhealthy:
            swapped(.becameUnhealthy("is unhealthy: \(report.outcome.words)"))
        case .unknown, .blocked:
            // It answered, and will not become another by waiting.
            guard case .failed(let failure) = report.outcome, failure.isFinal else { return }
            swapped(.becameUnhealthy("\(failure)"))
        }
    }

    /// The service stops altogether.
    func abandonSwap() { swapped(.abandoned) }
}

extension Report.Failure {
    /// It says who it is, and that is somebody else.
    var isFinal: Bool {
        switch self {
        case .wrongService, .wrongSchema, .wrongVersion: true
        case .refused, .timedOut, .httpStatus, .status, .stale, .exitCode, .other: false
        }
    }
}
