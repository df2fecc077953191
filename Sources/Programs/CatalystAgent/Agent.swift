internal import CollectorProtocol
internal import ControlServer
internal import Glibc
internal import Ledger
internal import LinuxSystem
internal import Logs
internal import Monitoring
internal import StackModel
internal import Supervision
internal import SystemPackage
internal import Systemd

/// The loop: events in, decisions, deeds out. It owns all state; what decides is in `Stack`, what does is in `Runner`.
package final class Agent {
    let options: AgentOptions
    let loop: EventLoop
    let reaper: Reaper
    let logs: LogPump
    let inlet: Inlet
    let stateKeeper: StateKeeper
    let started = Clock.wallTime()
    /// nil: processes are found by session and mark instead.
    let cgroups: CgroupRoot?
    /// What of their resources the kernel refused, in words.
    var limitRefusals: [ServiceName: [String]] = [:]
    /// Bytes of memory.
    var reservations: [ServiceName: Int64] = [:]
    /// What services inherit whatever the stack file says: the agent raises its own.
    let inheritedLimits: [String: Confinement.Ulimit]
    private(set) lazy var collector = CollectorLink(agent: self)
    private(set) lazy var inspector = Inspector(agent: self)
    private(set) lazy var ledger = LedgerLink(agent: self)
    private(set) lazy var alarms = Alarms(agent: self)
    private(set) lazy var meter = Measures(agent: self)
    private(set) lazy var courier = Courier(agent: self)
    private(set) lazy var notifier = Notifier(agent: self)
    private(set) lazy var teller = Teller(agent: self)
    private(set) lazy var rolling = Rolling(agent: self)
    private(set) lazy var drilling = Drilling(agent: self)
    private(set) lazy var audit = Audit(agent: self)
    /// For what reads and changes release directories and logs.
    let shelfThread: WorkerThread
    /// The release that `current` leads to, as far as it was looked up.
    var currentRelease: String?
    /// Called when a service that left the stack is gone.
    var whenRemoved: [ServiceName: () -> Void] = [:]
    /// All services are down; what is being replaced goes still.
    var isFinishing = false
    private(set) lazy var stackReader = StackReader(agent: self)
    let readiness: Readiness
    var heirlooms: Heirlooms
    /// What the program that this one takes the place of told it.
    let inheritance: Handover?
    var isBeingReplaced = false
    let signals: Signals
    var server: ControlServer?

    var stack: Stack?
    var runners: [ServiceName: Runner] = [:]
    var board = HealthBoard()
    var chronicle: Chronicle
    var remembered: RememberedState
    /// What the agent before knew when it ended, in this boot; nothing once that is taken over.
    var predecessor: RememberedState
    var waiters: [Waiter] = []
    var listeners: [Listener] = []
    var streams = 0
    var isCopyingLedger = false
    /// Copies of the ledger that were asked for.
    var snapshots = 0
    var metricsAddress: String?
    /// What `status` should say about the agent itself, by what it is about.
    var notes: [String: String] = [:]
    var isAwaitingLedger = false
    /// By this agent: what it found running goes on without.
    var hasReadStack = false
    var ledgerAlarm: AlarmID?
    var crowdAlarm: AlarmID?
    var inbox: [Stack.Event] = []
    var wellnessChanges: [ServiceName] = []
    var isDeciding = false
    private var isRememberingDue = false
    private var isRememberingSoon = false
    private var rememberedAt = Moment.zero
    private var isStatusDue = false
    private var lastProbeID: UInt64 = 0
    var exitCode: Int32 = 0
    /// No stack begins any more.
    var isEnding = false

    package init(_ options: AgentOptions) throws {
        var options = options
        inheritance = Handover.taken(from: &options.environment)
        self.options = options
        Descriptors.withholdInherited()
        Memory.boundFreeHeap()
        // Before any thread: they inherit the mask.
        signals = try Signals([.terminate, .interrupt, .hangUp, .child])
        loop = try EventLoop()
        reaper = try Reaper(on: loop)
        inlet = try Inlet(into: loop, capacity: AgentLimits.callsWaitingMax)
        stateKeeper = StateKeeper(inlet: inlet)
        shelfThread = WorkerThread(named: "shelf", capacity: 64)
        readiness = Readiness(environment: options.environment)
        heirlooms = Heirlooms(
            readiness, environment: options.environment, handed: inheritance?.descriptors ?? [:])
        chronicle = Chronicle(environment: options.environment)
        let raised = ResourceLimit.raiseDescriptorLimit().map { ["nofile": $0] } ?? [:]
        inheritedLimits = inheritance?.inheritedLimits ?? raised
        try Directory.make(options.stateDirectory, mode: 0o750)
        try Self.makeRuntimeDirectory(options.runtimeDirectory)
        // Before anything of an earlier agent is taken up: it may be alive.
        try Self.lockState(options)
        remembered = RememberedState.read(options.stateFile)
        let noted = inheritance?.state ?? RememberedState.read(options.instancesFile)
        // An agent of the release before kept it with the wishes.
        predecessor =
            [noted, remembered].first { $0.boot == Proc.bootID() } ?? RememberedState()
        chronicle.goOn(after: max(remembered.lastEvent ?? 0, noted.lastEvent ?? 0))
        (cgroups, notes["cgroup"]) = Self.openCgroups(options)
        let inlet = inlet
        let box = AgentBox()
        logs = try LogPump(
            logDirectory: options.logDirectory, fifoDirectory: options.fifoDirectory,
            journalSink: LogJournal().sink,
            onDrop: { name, bytes in inlet.post { box.agent?.logsDropped(name, bytes) } })
        box.agent = self
    }

    /// Runs until the stack is stopped. Returns the exit code: 0 after an orderly end.
    package func run() throws -> Int32 {
        do {
            try listen()
        } catch {
            try? cgroups?.cgroup.remove()  // What an earlier agent left running keeps it.
            throw error
        }
        try receiveSignals()
        reaper.onOrphan = { [unowned self] _ in checkTrees() }
        stateKeeper.onFailure = { [unowned self] words in
            notes["state"] = "cannot remember the state: \(words)"
            record(.agentAnomaly, nil, .error, "\(words), going on without")
        }
        loop.afterTurn = { [unowned self] in afterTurn() }
        let place = inheritance.map { " in the place of \($0.version)" } ?? ""
        record(
            .agentStarted, nil, .notice,
            "catalystd \(catalystVersion) started\(place) (pid \(getpid()))")
        if logs.damagedSpools > 0 {
            record(
                .agentAnomaly, nil, .warning,
                "\(logs.damagedSpools) files with output that the agent before had read cannot be "
                    + "read any more: what was in them is lost")
        }
        // Opened by its first use.
        ledger.countOutbox()
        collector.start()
        feedWatchdog()
        loadStack()
        try loop.run()
        tidyUp()
        return exitCode
    }

    /// An agent that was killed a moment ago may still be on its way out, with the lock.
    private static func lockState(_ options: AgentOptions) throws {
        let deadline = Clock.now() + AgentLimits.lockWait
        while try !Directory.lock(options.lockFile) {
            guard Clock.now() < deadline else {
                throw StartError(
                    "another catalystd uses the state directory '\(options.stateDirectory)': "
                        + "stop it, or give this one another with --state"
                )
            }
            usleep(10_000)
        }
    }

    func runner(_ name: ServiceName) -> Runner {
        if let runner = runners[name] { return runner }
        let runner = Runner(name, of: self)
        runners[name] = runner
        return runner
    }

    func record(
        _ kind: EventRecord.Kind, _ service: ServiceName? = nil,
        _ priority: EventRecord.Priority = .info,
        _ message: String
    ) {
        chronicle.record(kind, service, priority, message)
    }

    func nextProbeID() -> UInt64 {
        lastProbeID += 1
        return lastProbeID
    }

    func collectorBecameReady() {
        for runner in runners.values { runner.askAgain() }
        inspector.askAgain()
        meter.begin()
        collector.serve(stack?.spec.metrics)
        courier.restart()
    }

    /// The instances that run changed, or what is known of a service: remembered after this turn.
    func rememberInstances() { isRememberingDue = true }

    private func logsDropped(_ name: ServiceName, _ bytes: UInt64) {
        let now = Clock.now()
        let runner = runner(name)
        let isNew = runner.logLoss.map { now - $0.at > AgentLimits.logLossQuiet } ?? true
        let before = isNew ? 0 : runner.logLoss?.bytes ?? 0
        runner.logLoss = (before + bytes, now)
        // A flood is told once; its alert says how much it was.
        guard isNew else { return }
        record(
            .logsDropped, name, .warning,
            "\(ByteCount(bytes: Int64(clamping: bytes))) of its output were dropped: the disk is full or too slow"
        )
    }

    /// An orphan was reaped: an instance that waited for it may be empty now.
    private func checkTrees() {
        for runner in runners.values {
            for instance in [runner.instance, runner.other].compactMap({ $0 })
            where instance.mainHasEnded { runner.checkEmptiness(of: instance) }
        }
    }

    private func afterTurn() {
        while let name = wellnessChanges.popLast() { wellnessChanged(.service(name)) }
        let events = chronicle.tell()
        ledger.write(events.map(LedgerEntry.event))
        if !events.isEmpty { courier.wake() }
        for event in events {
            tellWaiters(event)
            rolling.tellFollowers(event)
            drilling.hear(event)
        }
        settleWaiters()
        if isRememberingDue { rememberInTime() }
        if !events.isEmpty { tellStatusSoon() }
    }

    /// At once; of a thousand services not with each turn.
    private func rememberInTime() {
        guard !isRememberingSoon else { return }
        let pace = Duration.microseconds(100) * runners.count
        guard Clock.now() - rememberedAt < pace else { return remember() }
        isRememberingSoon = true
        loop.setAlarm(after: pace) { [unowned self] in
            isRememberingSoon = false
            remember()
        }
    }

    /// What `systemctl status` shows: once a second at most.
    private func tellStatusSoon() {
        guard readiness.isListenedTo, !isStatusDue else { return }
        isStatusDue = true
        loop.setAlarm(after: .seconds(1)) { [unowned self] in
            isStatusDue = false
            readiness.status(headline)
        }
    }

    /// The agent is in charge. Not "all are well": systemd would end it for the sake of one broken service.
    func becameReady() { readiness.ready(status: headline) }

    /// `done`: when it is written, or known not to be.
    func remember(done: @escaping () -> Void = {}) {
        isRememberingDue = false
        // Before that it still is what the agent before knew.
        guard let stack else { return }
        rememberedAt = Clock.now()
        remembered.boot = Proc.bootID()
        remembered.agent = getpid()
        remembered.lastEvent = chronicle.lastID
        remembered.instances = runners.compactMapValues { $0.instance?.remembered() }
        remembered.services = stack.order.reduce(into: [:]) { services, name in
            services[name] = runners[name]?.remembered()
        }
        remembered.drill = drilling.report
        stateKeeper.note(remembered, at: options.instancesFile, done: done)
    }
}

/// Lets a callback that is made before the agent find it afterwards.
private final class AgentBox: @unchecked Sendable {
    weak var agent: Agent?
}

/// Why the agent could not begin.
package struct StartError: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

extension SignalName {
    static let interrupt = SignalName(number: SIGINT)
    static let hangUp = SignalName(number: SIGHUP)
    static let child = SignalName(number: SIGCHLD)
}
