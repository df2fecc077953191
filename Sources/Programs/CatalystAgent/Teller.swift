internal import Ledger
internal import LinuxSystem
internal import StackModel

/// Tells people of alerts: journald, and the `on_alert` command. Each event once, whenever the agent dies: the ledger
/// knows what is to be told, and memory that outlives the agent what was.
final class Teller {
    private unowned let agent: Agent
    /// Nil: it cannot be kept; then an agent's death may double or lose one.
    private let journaled: SharedRing?
    private let handed: SharedRing?
    private var done: [String] = []
    /// Until there is a stack, which says whom.
    private var early: [AlertEvent] = []
    /// On their way to the command.
    private var underWay: Set<UInt64> = []

    init(agent: Agent) {
        self.agent = agent
        let place = agent.options.runtimeDirectory + "/told-" + agent.options.identity
        journaled = try? SharedRing(place + ".journal")
        handed = try? SharedRing(place + ".command")
    }

    /// What the agent before left, and what came too early.
    func begin(_ untold: [AlertEvent]) {
        let waiting = untold + early
        early = []
        for event in waiting { tell(event) }
    }

    func tell(_ event: AlertEvent) {
        guard agent.stack != nil else {
            if early.count < AgentLimits.announcementsMax { early.append(event) }
            return
        }
        let number = event.id.utf8.fingerprint()
        guard !underWay.contains(number) else { return }
        if journaled?.contains(number) != true {
            agent.chronicle.tell(event)
            journaled?.add(number)
        }
        guard handed?.contains(number) != true else { return finish(event) }
        underWay.insert(number)
        agent.notifier.tell(event) { [weak self] in
            self?.handed?.add(number)
            self?.underWay.remove(number)
            self?.finish(event)
        }
    }

    /// Written with others: where it is not, the rings know.
    private func finish(_ event: AlertEvent) {
        done.append(event.id)
        guard done.count == 1 else { return }
        agent.loop.setAlarm(after: AgentLimits.alertingInterval) { [unowned self] in
            agent.ledger.write([.told(done)])
            done = []
        }
    }
}
