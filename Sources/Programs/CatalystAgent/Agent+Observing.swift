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
        seen.backup = age(of: "@backup")
        seen.snapshot = age(of: "@snapshot")
        seen.agent = ownSight()
        return seen
    }

    func causes(of name: ServiceName) -> [Subject] {
        let verdict = board[.service(name)]?.tally.verdict ?? .unknown
        return stack?.causes(of: name, judged: verdict) ?? []
    }

    private func sight(_ name: ServiceName) -> ServiceSight? {
        guard let stack, let member = stack.members[name] else { return nil }
        let runner = runner(name)
        let verdict = board[.service(name)]?.tally.verdict ?? .unknown
        let causes = causes(of: name)
        var sight = ServiceSight(
            name, isWanted: member.isWanted, stage: member.state.stage, verdict: verdict,
            isWell: member.isWell && causes.isEmpty)
        sight.causes = causes
        sight.crashesInARow = member.state.crashesInARow
        sight.lastExit = runner.lastExit
        sight.problem = member.state.isRunning ? trouble(of: name) : nil
        let now = Clock.now()
        if let loss = runner.outOfMemory, now - loss.at < .seconds(60) {
            sight.outOfMemory = loss.reason
        }
        if let loss = runner.logLoss, now - loss.at < .seconds(60) {
            sight.logBytesDropped = Int(clamping: loss.bytes)
        }
        sight.isFloodingItsLog = runner.isFloodingItsLog
        return sight
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

    private func age(of subject: Subject) -> Sight<Duration?> {
        sight(of: subject, inspector.watches(subject)) {
            guard case .saved(let newest) = $0 else { return nil }
            return .some(newest.map { Clock.wallTime() - $0 })
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
