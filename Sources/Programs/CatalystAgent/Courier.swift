internal import CollectorProtocol
internal import ControlProtocol
internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import Supervision

/// Carries what the ledger's outbox holds to the database, through the collector: one batch at a
/// time, in order, again until it is there.
final class Courier {
    private unowned let agent: Agent
    private var isUnderWay = false
    private var isCountDue = false
    private var pace = ShippingPace()
    private var alarm: AlarmID?
    private var lastTried = Moment.zero
    private(set) var lastShipped: Timestamp?
    /// Why it does not get on, in words; nil: it does.
    private(set) var problem: String?
    private let hostName = Courier.ownHostName()

    init(agent: Agent) { self.agent = agent }

    /// There may be something to carry.
    func wake() {
        guard !isUnderWay, pace.pause == .zero else { return countSoon() }
        begin()
    }

    /// What waits for a database that is away is told by `status`.
    private func countSoon() {
        guard !isCountDue else { return }
        isCountDue = true
        agent.loop.setAlarm(after: .seconds(1)) { [weak self] in
            self?.isCountDue = false
            self?.agent.ledger.countOutbox()
        }
    }

    private func begin() {
        agent.loop.cancel(alarm)
        guard agent.stack?.spec.database != nil else { return }
        isUnderWay = true
        agent.ledger.outbox(
            limit: pace.batchMax, bytesMax: CollectorLimits.shipBytesMax
        ) { [weak self] records in self?.carry(records) }
    }

    private func carry(_ records: [OutboxRecord]) {
        guard let stack = agent.stack, let database = stack.spec.database,
            let ledger = agent.ledger.identity
        else {
            isUnderWay = false
            return
        }
        let isHeartbeatDue = Clock.now() - lastTried >= AgentLimits.heartbeatInterval
        guard !records.isEmpty || isHeartbeatDue || lastShipped == nil else {
            isUnderWay = false
            return sleep(AgentLimits.heartbeatInterval - (Clock.now() - lastTried))
        }
        lastTried = Clock.now()
        let wanted = stack.order.filter { stack.members[$0]?.isWanted == true }
        let host = HostIdentity(
            ledger: ledger, hostName: hostName, agentVersion: catalystVersion,
            stack: stack.spec.name, wanted: wanted.count,
            well: wanted.filter { stack.members[$0]?.isWell == true }.count)
        agent.collector.ship(
            ShipRequest(
                id: agent.nextProbeID(), database: database, host: host, records: records,
                timeout: AgentLimits.shippingTimeout)
        ) { [weak self] shipped in self?.arrived(shipped, records) }
    }

    private func arrived(_ shipped: Shipped, _ records: [OutboxRecord]) {
        if let words = shipped.failure { return failed(words, shipped.isRefused, records) }
        if let problem {
            agent.record(.outbox, nil, .notice, "the database takes records again (\(problem))")
        }
        problem = nil
        lastShipped = Clock.wallTime()
        guard let last = records.last else {
            pace.arrived()
            isUnderWay = false
            return sleep(AgentLimits.heartbeatInterval)
        }
        agent.ledger.shipped(through: last.sequence) { [weak self] in self?.noted($0) }
    }

    /// What arrived is noted in the ledger. Where that failed the same records are next again: the database takes
    /// them as often as they come, but not without a pause.
    private func noted(_ failure: String?) {
        guard failure == nil else { return retry { $0.failed() } }
        pace.arrived()
        begin()
    }

    private func failed(_ words: String, _ isRefused: Bool, _ records: [OutboxRecord]) {
        if problem == nil {
            agent.record(
                .outbox, nil, .warning, "the database takes no records: \(words); they wait for it")
        }
        problem = words
        guard isRefused, let first = records.first else { return retry { $0.failed() } }
        // The one that it will not take is looked for, and left out, so that the others get there.
        guard records.count == 1 else { return retry { $0.refused(records.count) } }
        agent.record(
            .outbox, nil, .error,
            "the database refuses record \(first.sequence): \(words); leaving it out")
        agent.ledger.refused(first.sequence) { [weak self] failure in
            self?.retry { if failure == nil { $0.refused(1) } else { $0.failed() } }
        }
    }

    private func retry(_ slow: (inout ShippingPace) -> Void) {
        isUnderWay = false
        slow(&pace)
        agent.loop.cancel(alarm)
        let delay = pace.pause * Double.random(in: 0.75...1)
        alarm = agent.loop.setAlarm(after: delay) { [weak self] in self?.begin() }
    }

    private func sleep(_ delay: Duration) {
        agent.loop.cancel(alarm)
        alarm = agent.loop.setAlarm(after: max(.seconds(1), delay)) { [weak self] in self?.begin() }
    }

    /// The stack's database is another one, or none, or answers again, or the collector is back:
    /// tried at once.
    func restart() {
        guard !isUnderWay else { return }
        pace.hurry()
        begin()
    }

    private static func ownHostName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, bytes.count - 1)
        return String(
            decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
