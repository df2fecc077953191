internal import CollectorProtocol
internal import Glibc
internal import Ledger
internal import LinuxSystem
internal import Logs
internal import Monitoring
internal import StackModel
internal import Supervision

/// What is measured: asks the collector every ten seconds, keeps the newest readings, and gives the
/// ledger a row a minute of each subject.
final class Measures {
    private unowned let agent: Agent
    /// The newest of each subject.
    private(set) var readings: [Subject: Reading] = [:]
    private(set) var disks: [DiskSample] = []
    /// What should be among `disks`.
    private(set) var disksAsked: [String] = []
    private(set) var fill = FillRate()
    private(set) var hourlyCPU = RollingMean()
    private(set) var clock = ClockWatch()
    private var lastHost: (sample: HostSample, at: Moment)?
    private var lastRedis: [Subject: (facts: RedisFacts, at: Moment)] = [:]
    private var readAt: [Subject: Moment] = [:]
    private var minute = MinuteSum(from: Clock.wallTime())
    private var minuteBegan = Clock.now()
    /// Samples of this minute: they go to the disk together.
    private(set) var raw: [Measurement] = []
    private var floodWatch = FloodWatch()
    private var hasBegun = false
    private var isGivingBack = false

    init(agent: Agent) { self.agent = agent }

    /// Called when the collector can be asked; again when it is a new one.
    func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        noticeClock()
        agent.loop.setAlarm(after: .seconds(1)) { [unowned self] in sample() }
    }

    private func sample() {
        agent.loop.setAlarm(after: AgentLimits.samplingInterval) { [unowned self] in sample() }
        let running = agent.runners.compactMapValues { $0.instance }
            .filter { !$0.value.mainHasEnded }
        let targets = running.mapValues {
            SampleTarget(pid: $0.child.pid, cgroup: $0.tree.cgroup?.path)
        }
        let disks = [agent.options.stateDirectory] + (agent.stack?.spec.watch.disks ?? [])
        agent.collector.sample(
            SampleRequest(id: agent.nextProbeID(), processes: targets, disks: disks)
        ) { [unowned self] samples in
            disksAsked = disks
            take(samples)
            giveBackSoon()
        }
        noticeClock()
        forgetOld()
        agent.accountAll()
        if Clock.now() - minuteBegan >= .seconds(60) { endMinute() }
    }

    /// When the answers that come together are in, the loop has little to do until the next ones.
    func giveBackSoon() {
        guard !isGivingBack else { return }
        isGivingBack = true
        agent.loop.setAlarm(after: .milliseconds(200)) { [unowned self] in
            isGivingBack = false
            Memory.giveBackIdlePages()
        }
    }

    private func take(_ samples: Samples) {
        let now = Clock.now()
        for (name, sample) in samples.services {
            guard let runner = agent.runners[name], let instance = runner.instance else { continue }
            let limit = agent.stack?.members[name]?.spec.resources.limits.memory
            runner.sampled(sample, instance)
            var reading = runner.usage.take(sample, at: now, instance: instance, limit: limit)
            reading.merge(runner.latencies.reading) { $1 }
            reading[.uptime] = (now - instance.started).seconds
            reading[.restarts] = Double(runner.restarts - runner.restartsMeasured)
            runner.restartsMeasured = runner.restarts
            keep(reading, of: .service(name))
        }
        let elapsed = lastHost.map { now - $0.at } ?? .zero
        var host = Meter.readings(of: samples.host, after: lastHost?.sample, elapsed: elapsed)
        host["@agent", default: [:]].merge(agent.ownReading()) { $1 }
        for (subject, reading) in host { keep(reading, of: subject) }
        lastHost = (samples.host, now)
        disks = samples.host.disks
        if let cpu = host["@host"]?[.hostCPU] { hourlyCPU.add(cpu, at: now) }
        if let available = host["@disk"]?[.diskAvailable] {
            fill.add(available: available, at: now)
        }
        for (thing, isExhausted) in Exhaustion.found(in: host) {
            agent.trouble(thing, isExhausted)
        }
        agent.alarms.lookSoon()
    }

    /// What was found by a look at something shared.
    func take(_ result: InspectionResult, of subject: Subject) {
        let now = Clock.now()
        switch result {
        case .redis(let facts):
            let last = lastRedis[subject]
            lastRedis[subject] = (facts, now)
            keep(
                Meter.reading(
                    of: facts, after: last?.facts, elapsed: last.map { now - $0.at } ?? .zero),
                of: subject)
        case .postgres(let facts): keep(Meter.reading(of: facts), of: subject)
        case .certificates(let facts):
            keep(Meter.reading(of: facts, at: Clock.wallTime()), of: subject)
        case .frontDoor(let facts): keep(Meter.reading(of: facts), of: subject)
        case .saved(let newest?):
            let age = max(0, (Clock.wallTime() - newest).seconds)
            keep([subject == "@backup" ? .backupAge : .snapshotAge: age], of: subject)
        case .saved(nil), .failed: break
        }
        agent.alarms.lookSoon()
    }

    /// How long it was wanted, and well, since it was looked at last.
    func account(wanted: Duration, well: Duration, of name: ServiceName) {
        minute.add(wanted: wanted, well: well, of: name)
    }

    func forget(_ subject: Subject) {
        readings[subject] = nil
        readAt[subject] = nil
        lastRedis[subject] = nil
    }

    /// Writes what was measured; the rest of a minute is a minute of its own.
    func endMinute() {
        minuteBegan = Clock.now()
        noticeFloods()
        let rows = minute.measurements() + raw
        minute = MinuteSum(from: Clock.wallTime())
        raw = []
        agent.ledger.write([.measurements(rows)])
        agent.courier.wake()
        agent.learnAvailability()
    }

    private func keep(_ reading: Reading, of subject: Subject) {
        // JSON has no word for what is no number.
        let reading = reading.filter(\.value.isFinite)
        minute.add(reading, of: subject)
        // Redis' facts stand beside those of its process.
        readings[subject, default: [:]].merge(reading) { $1 }
        readAt[subject] = Clock.now()
        raw.append(
            Measurement(
                time: Clock.wallTime(), subject: subject, resolution: .raw, values: reading))
        if raw.count > AgentLimits.rawWaitingMax { raw.removeFirst(raw.count / 2) }
    }

    /// What is too old to be true is not known any more.
    private func forgetOld() {
        let now = Clock.now()
        for (subject, time) in readAt
        where now - time > Inspector.interval(of: subject) * 2 + .seconds(30) {
            readings[subject] = nil
            readAt[subject] = nil
        }
    }

    private func noticeClock() {
        guard let jump = clock.look(now: Clock.now(), time: Clock.wallTime()) else { return }
        agent.record(
            .clockJumped, nil, .warning,
            "the clock jumped by \(jump.milliseconds / 1000) s: times before and after do not compare"
        )
    }

    private func noticeFloods() {
        let policies = agent.runners.keys.reduce(into: [ServiceName: LogPolicy]()) {
            $0[$1] = agent.stack?.members[$1]?.spec.logging
        }
        let floods = floodWatch.look(written: agent.logs.written, policies: policies)
        for name in policies.keys {
            agent.runners[name]?.isFloodingItsLog = floods.contains(name)
        }
    }
}

/// What a service used, sampled twice.
struct Usage {
    var sample: ServiceSample?
    /// Share of one core between the last two samples; nil: not known yet.
    var cpu: Double?
    private var sampledAt: Moment?
    private var sampledInstance = 0

    mutating func take(
        _ new: ServiceSample, at now: Moment, instance: Instance, limit: ByteCount?
    ) -> Reading {
        let isSame = sampledInstance == instance.number
        var before = isSame ? sample : nil
        if before == nil {
            before = ServiceSample(memory: new.memory, cpuTime: .zero, processes: 0)
        }
        let elapsed = now - (isSame ? sampledAt ?? instance.started : instance.started)
        var reading = Meter.reading(of: new, after: before, elapsed: elapsed, limit: limit)
        // Two samples that close to one another say nothing.
        if elapsed < .milliseconds(50) { reading[.cpu] = cpu }
        cpu = reading[.cpu] ?? cpu
        sample = new
        sampledAt = now
        sampledInstance = instance.number
        return reading
    }
}
