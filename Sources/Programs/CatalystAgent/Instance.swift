internal import LinuxSystem
internal import Monitoring
internal import StackModel

/// One run of a service, as the shell knows it.
final class Instance {
    let number: Int
    /// The main process: what was spawned, or what it named with MAINPID=.
    var child: Child
    let tree: ProcessTree
    let spec: ServiceSpec
    let started = Clock.now()
    var mainHasEnded = false
    var emptinessAlarm: AlarmID?
    private(set) var wasKilled = false

    var tally: Tally
    var schedule: ProbeSchedule
    /// The probe under way.
    var outstanding: UInt64?
    var probeAlarm: AlarmID?
    var execProbe: ExecProbe?
    var lastReport: Report?
    var lastReportTime: Timestamp?
    /// What it said of itself: sd_notify's STATUS=.
    var statusText: String?
    var saysItIsStopping = false
    var watchdogAlarm: AlarmID?

    init(number: Int, child: Child, tree: ProcessTree, spec: ServiceSpec) {
        self.number = number
        self.child = child
        self.tree = tree
        self.spec = spec
        tally = Tally(startedAt: started)
        schedule = ProbeSchedule(startedAt: started)
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
}

/// What a service used, sampled twice.
struct Usage {
    var sample: ServiceSample?
    /// Share of one core between the last two samples; nil: not known yet.
    var cpu: Double?
    private var sampledAt: Moment?
    private var sampledInstance = 0

    mutating func take(_ new: ServiceSample, at now: Moment, instance: Instance) {
        let isSame = sampledInstance == instance.number
        let from = isSame ? sampledAt ?? instance.started : instance.started
        let usedBefore = isSame ? sample?.cpuTime ?? .zero : .zero
        let elapsed = (now - from).seconds
        if elapsed > 0.05 { cpu = max(0, (new.cpuTime - usedBefore).seconds / elapsed) }
        sample = new
        sampledAt = now
        sampledInstance = instance.number
    }
}
