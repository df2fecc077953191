internal import Glibc
internal import Ledger
internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

/// What is known now, for those who decide about alerts.
extension Agent {
    func observation() -> Observation {
        var seen = Observation(time: Clock.wallTime())
        seen.services = stack?.order.compactMap(sight) ?? []
        seen.readings = meter.readings
        seen.disks = meter.disks
        seen.diskForecast = meter.fill.forecast
        seen.hourlyCPU = meter.hourlyCPU.mean(at: Clock.now())
        seen.clockJump = meter.clock.furthest
        seen.braked = stack?.order.filter { stack?.braked.contains($0) == true } ?? []
        for (name, _) in runners {
            if case .redis(let facts)? = inspector.result(of: .service(name)) {
                seen.redis[name] = facts
            }
        }
        seen.database = databaseSight()
        seen.certificates = sight(of: "@certificate", inspector.watches("@certificate")) {
            if case .certificates(let facts) = $0 { facts } else { nil }
        }
        seen.frontDoor = sight(of: "@front-door", inspector.watches("@front-door")) {
            if case .frontDoor(let facts) = $0 { facts } else { nil }
        }
        seen.frontDoorIsGuarded = stack?.spec.watch.frontDoorIsGuarded ?? true
        seen.backup = sight(of: "@backup", inspector.watches("@backup")) {
            if case .backups(let newest) = $0 {
                .some(newest.map { Clock.wallTime() - $0 })
            } else {
                nil
            }
        }
        seen.agent = ownSight()
        return seen
    }

    /// Whose fault it is, where it is not its own, that a service is anything but fine.
    func causes(of name: ServiceName) -> [Subject] {
        guard let stack, let member = stack.members[name], member.isWanted else { return [] }
        let verdict = board[.service(name)]?.tally.verdict ?? .unknown
        switch (member.state, verdict) {
        case (.held, _): return roots(of: name)
        case (.starting, _), (.up, .blocked), (.up, .degraded): return stack.culprits(behind: name)
        default: return []
        }
    }

    /// What a held service waits for, followed to where the trouble is.
    private func roots(of name: ServiceName) -> [Subject] {
        guard let stack else { return [] }
        let culprits = stack.culprits(behind: name)
        return culprits.isEmpty ? stack.missing(for: name).map(Subject.service) : culprits
    }

    private func sight(_ name: ServiceName) -> ServiceSight? {
        guard let stack, let member = stack.members[name] else { return nil }
        let runner = runner(name)
        let verdict = board[.service(name)]?.tally.verdict ?? .unknown
        let causes = causes(of: name)
        var sight = ServiceSight(
            name, isWanted: member.isWanted, stage: stage(of: member.state), verdict: verdict,
            isWell: member.isWell && causes.isEmpty)
        sight.causes = causes
        sight.crashesInARow = crashes(member.state)
        sight.lastExit = runner.lastExit
        sight.problem = member.state.isRunning ? trouble(of: name) : nil
        let now = Clock.now()
        sight.wasOOMKilled = runner.oomKilledAt.map { now - $0 < .seconds(60) } ?? false
        if let loss = runner.logLoss, now - loss.at < .seconds(60) {
            sight.logBytesDropped = Int(clamping: loss.bytes)
        }
        sight.isFloodingItsLog = runner.isFloodingItsLog
        return sight
    }

    private func stage(of state: Lifecycle.State) -> ServiceSight.Stage {
        switch state {
        case .down(.ended(let reason)): reason.isSuccess ? .completed : .down
        case .down: .down
        case .held: .held
        case .starting: .starting
        case .up: .up
        case .stopping, .clearing: .stopping
        case .waiting: .waiting
        case .failed: .failed
        }
    }

    private func crashes(_ state: Lifecycle.State) -> Int {
        switch state {
        case .down: 0
        case .held(let history), .starting(let history), .up(let history),
            .stopping(_, let history), .clearing(_, _, let history), .waiting(let history),
            .failed(let history):
            history.crashes
        }
    }

    private func databaseSight() -> Sight<PostgresFacts> {
        guard inspector.watches("@postgres") else { return .unwatched }
        if board["@postgres"]?.tally.verdict == .unhealthy {
            return .away(board["@postgres"]?.tally.lastFailure.map { "\($0)" } ?? "no answer")
        }
        if case .postgres(let facts)? = inspector.result(of: "@postgres") { return .seen(facts) }
        return .unknown
    }

    private func sight<Facts>(
        of subject: Subject, _ isWatched: Bool, _ facts: (InspectionResult) -> Facts?
    ) -> Sight<Facts> {
        guard isWatched else { return .unwatched }
        switch inspector.result(of: subject) {
        case nil, .failed(_, isAway: false): return .unknown
        case .failed(let words, isAway: true): return .away(words)
        case .some(let result): return facts(result).map { .seen($0) } ?? .unknown
        }
    }

    private func ownSight() -> AgentSight {
        var sight = AgentSight()
        sight.collectorLost = collector.isReady ? nil : "it does not run"
        sight.stackRefused = notes["stack"] ?? (hasReadStack ? nil : refusalBefore)
        sight.ledgerFailing = ledger.problem
        if stack?.spec.database != nil {
            sight.outboxShare = ledger.outboxCount.share
            sight.outboxProblem = courier.problem
        }
        sight.memory = meter.readings["@agent"]?[.memory].map { ByteCount(bytes: Int64($0)) }
        sight.notifierFailures = notifier.failures
        sight.rolloutFailure = rolling.failure
        sight.notifierProblem = notifier.problem
        sight.notifierDropped = notifier.dropped
        sight.rolloutFailure = rolling.failure.map { FailedRollout($0.subject, $0.words) }
        return sight
    }

    /// What the last agent said of the stack file: that stands until this one has read it.
    private var refusalBefore: String? {
        alarms.book?.open.first { $0.rule == .stackRefused }?.summary
    }

    /// What the agent itself uses.
    func ownReading() -> Reading {
        var reading: Reading = [
            .outboxWaiting: Double(ledger.outboxCount.records),
            .uptime: (Clock.wallTime() - started).seconds,
        ]
        if let size = ledger.sizeBytes { reading[.ledgerSize] = Double(size) }
        let pages = TextFile.read("/proc/self/statm")?.split(separator: " ").dropFirst().first
        if let pages = pages.flatMap({ Double($0) }) {
            reading[.memory] = pages * Double(sysconf(Int32(_SC_PAGESIZE)))
        }
        return reading
    }

    func trouble(_ thing: Subject.Thing, _ isBad: Bool) {
        guard let stack, stack.troubledThings.contains(thing) != isBad else { return }
        post(.troubled(thing, isBad))
        wellnessChanged(.thing(thing))
    }

    /// Adds the time since the last look to what availability is made of.
    func account(_ name: ServiceName, _ runner: Runner) {
        let now = Clock.now()
        let elapsed = now - runner.accountedAt
        runner.accountedAt = now
        if runner.wasWanted {
            meter.account(wanted: elapsed, well: runner.wasWell ? elapsed : .zero, of: name)
        }
        runner.wasWanted = stack?.members[name]?.isWanted ?? false
    }

    func accountAll() {
        for (name, runner) in runners { account(name, runner) }
    }
}
