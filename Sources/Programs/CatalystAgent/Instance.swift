internal import LinuxSystem
internal import Monitoring
internal import StackModel

/// One run of a service, as the shell knows it.
final class Instance {
    let number: Int
    /// The main process: what was spawned, or what it named with MAINPID=.
    var child: Child
    /// See `Child.landlock`: of the process it was started as, for all that come of it.
    let landlock: Int32?
    let tree: ProcessTree
    let spec: ServiceSpec
    /// What its probes and hooks run as and with.
    let request: SpawnRequest
    /// The agent's copy of the socket it was given.
    let socket: ListeningSocket?
    let started: Moment
    let startedAt = Clock.wallTime()
    /// When the kernel started its main process: with the pid, what names it for good. Read when first needed.
    private var startTicks: (pid: Int32, ticks: UInt64)?
    /// As counted when it was looked at last.
    var memoryEvents: Cgroup.MemoryEvents
    var mainHasEnded = false
    var emptinessAlarm: AlarmID?
    private(set) var wasKilled = false

    var schedule: ProbeSchedule
    /// The probe under way.
    var outstanding: UInt64?
    /// When it was asked.
    var asked = Moment.zero
    /// When its turn comes, while no question of the schedule is under way.
    var due: Moment?
    var probeAlarm: AlarmID?
    var execProbe: CommandRun?
    var lastReport: Report?
    var lastReportTime: Timestamp?
    /// What it said of itself: sd_notify's STATUS=.
    var statusText: String?
    /// Of what it says, nothing secret is kept or told.
    private(set) lazy var mask = SecretMask(spec)
    var saysItIsStopping = false
    /// Only probes reach it: from this address.
    var probeSource: String?
    /// What its answers mean while it is not the service's instance.
    var tally: Tally
    /// The hook that runs before it is told to stop.
    var hookRun: CommandRun?
    var watchdogAlarm: AlarmID?

    init(
        number: Int, child: Child, tree: ProcessTree, spec: ServiceSpec, request: SpawnRequest,
        socket: ListeningSocket?, started: Moment = Clock.now(), landlock: Int32? = nil
    ) {
        self.started = started
        self.number = number
        self.child = child
        self.landlock = child.landlock ?? landlock
        self.tree = tree
        self.spec = spec
        self.request = request
        self.socket = socket
        memoryEvents = tree.cgroup?.memoryEvents ?? Cgroup.MemoryEvents()
        schedule = ProbeSchedule(startedAt: started)
        tally = Tally(startedAt: started)
    }

    /// Nil where the main process is gone already.
    func remembered() -> RememberedState.Instance? {
        if startTicks?.pid != child.pid {
            startTicks = Proc.entry(of: child.pid).map { ($0.pid, $0.startTicks) }
        }
        return startTicks.map {
            RememberedState.Instance(
                pid: $0.pid, startTicks: $0.ticks, mark: tree.mark, cgroup: tree.cgroup?.path,
                landlock: landlock)
        }
    }

    func kill() {
        if tree.kill() { wasKilled = true }
    }

    /// No question is asked of it any more, and no answer counts.
    func stopProbing(on agent: Agent) {
        agent.loop.cancel(probeAlarm)
        agent.loop.cancel(watchdogAlarm)
        probeAlarm = nil
        watchdogAlarm = nil
        if let id = outstanding { agent.collector.cancel(id) }
        outstanding = nil
        execProbe?.abandon()
        execProbe = nil
    }

    /// Its main process is gone.
    func ended(on agent: Agent) {
        mainHasEnded = true
        stopProbing(on: agent)
        hookRun?.abandon()
        hookRun = nil
    }
}
