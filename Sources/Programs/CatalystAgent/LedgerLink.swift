internal import ControlProtocol
internal import ControlServer
internal import Ledger
internal import LinuxSystem
internal import Monitoring
internal import StackModel

/// The agent's side of the ledger: what its thread answers comes back on the loop.
final class LedgerLink {
    private unowned let agent: Agent
    private let keeper: LedgerKeeper
    /// Nil: it is not open yet, or cannot be.
    private(set) var identity: String?
    /// Why nothing is durable at the moment, in words; nil: all is well.
    private(set) var problem: String?
    private(set) var outboxCount = OutboxCount()
    private(set) var sizeBytes: Int?
    /// Thrown away since nothing is durable.
    private var lost = LedgerLoss()
    /// What the agent before left to be told.
    private var untold: [AlertEvent] = []

    init(agent: Agent) {
        self.agent = agent
        let inlet = agent.inlet
        let box = WeakLink()
        keeper = LedgerKeeper(path: agent.options.ledgerFile) { event in
            inlet.answer { box.link?.heard(event) }
        }
        box.link = self
    }

    func write(_ entries: [LedgerEntry]) {
        guard !entries.isEmpty else { return }
        keeper.write(entries)
    }

    /// Calls `done` on the loop, when it is durable or known not to be.
    func write(_ entries: [LedgerEntry], done: @escaping (String?) -> Void) {
        let inlet = agent.inlet
        let call = LoopCall(done)
        keeper.write(entries) { receipt in inlet.answer { call.body(receipt.failure) } }
    }

    /// Completes `draft` on the ledger's thread and keeps it.
    func write(_ draft: AlertDraft, done: @escaping (AlertDraft, String?) -> Void) {
        let inlet = agent.inlet
        let directory = agent.options.logDirectory
        let completed = Slot(draft)
        let call = LoopCall<(AlertDraft, String?)> { done($0.0, $0.1) }
        keeper.write(
            preparing: {
                completed.value = draft.completed(logDirectory: directory)
                return completed.value.entries
            },
            done: { receipt in
                let value = completed.value
                inlet.answer { call.body((value, receipt.failure)) }
            })
    }

    /// Asks with `question`, and has the answer on the loop; nil: there is none.
    func ask<Value: Sendable>(
        _ question: (
            LedgerKeeper, @escaping @Sendable (Result<Value, LedgerError>) -> Void
        ) -> Void,
        then answer: @escaping (Value?) -> Void
    ) {
        let inlet = agent.inlet
        let call = LoopCall(answer)
        question(keeper) { result in
            let value = try? result.get()
            inlet.answer { call.body(value) }
        }
    }

    /// The same for somebody who waits for it at `connection`: where there is no answer he is told why.
    func ask<Value: Sendable>(
        for connection: ControlConnection,
        _ question: (
            LedgerKeeper, @escaping @Sendable (Result<Value, LedgerError>) -> Void
        ) -> Void,
        then answer: @escaping (Value) -> Void
    ) {
        let inlet = agent.inlet
        let call = LoopCall<Result<Value, LedgerError>> { result in
            switch result {
            case .success(let value): answer(value)
            case .failure(let error):
                connection.send(.failure(.failed, "what was kept cannot be read: \(error)"))
            }
        }
        question(keeper) { result in inlet.answer { call.body(result) } }
    }

    /// Calls `done` on the loop; with nil where the copy is whole, else with why it is not.
    func copy(to path: String, done: @escaping (String?) -> Void) {
        let inlet = agent.inlet
        let call = LoopCall(done)
        keeper.snapshot(to: path) { result in
            var failure: String?
            if case .failure(let error) = result { failure = error.description }
            let words = failure
            inlet.answer { call.body(words) }
        }
    }

    /// What the database is to have next.
    func outbox(limit: Int, bytesMax: Int, then take: @escaping ([OutboxRecord]) -> Void) {
        ask({ $0.outbox(after: 0, limit: limit, bytesMax: bytesMax, $1) }) {
            take($0 ?? [])
        }
    }

    /// `next` gets the failure: then the same records are found in the outbox again.
    func shipped(through sequence: Int64, then next: @escaping (String?) -> Void) {
        write([.shipped(through: sequence)]) { [unowned self] failure in
            countOutbox()
            next(failure)
        }
    }

    func refused(_ sequence: Int64, then next: @escaping (String?) -> Void) {
        write([.refused([sequence])], done: next)
    }

    /// Without a database nothing is kept for one.
    func setOutbox(isOn: Bool) { keeper.setOutbox(isOn ? .on : .off) }

    /// What `status` and alerts say of it, from the thread that knows.
    func countOutbox() {
        ask({ $0.outboxCount($1) }) { [unowned self] (count: OutboxCount?) in
            outboxCount = count ?? outboxCount
        }
        ask({ $0.sizeBytes($1) }) { [unowned self] (bytes: Int?) in
            sizeBytes = bytes ?? sizeBytes
        }
    }

    /// Writes what waits; a disk that hangs does not keep the agent.
    func finish() { keeper.finish(within: .seconds(5)) }

    private func heard(_ event: LedgerEvent) {
        switch event {
        case .opened(let contents):
            let isAnother = identity != nil
            identity = contents.identity
            outboxCount = contents.outbox
            if isAnother { rememberOpen() }
            agent.alarms.restore(
                open: contents.openAlerts, silences: contents.silences,
                maintenance: contents.maintenance, nextID: contents.nextAlertID)
            untold = contents.untold
            agent.learnAvailability()
            agent.courier.restart()
            agent.learned(contents)
        case .failing(let words):
            problem = words
            lost = LedgerLoss()
            agent.record(
                .ledger, nil, .critical,
                "what happens is not kept on disk: \(words); going on from memory")
            // Without what was there before: better than no alerts at all.
            agent.alarms.restore(open: [], silences: [], maintenance: nil, nextID: 1)
            agent.learned(nil)
        case .mended:
            problem = nil
            let missing = lost.total == 0 ? "nothing is missing" : "but for \(lost)"
            agent.record(.ledger, nil, .notice, "the ledger is written again, \(missing)")
        case .setAside(let path, let why):
            agent.record(
                .ledger, nil, .critical,
                "the ledger was damaged (\(why)): it is kept as '\(path)', and a new one begins")
        case .dropped(let loss):
            lost += loss
            agent.record(
                .ledger, nil, .error, "for want of room were thrown away: \(loss)")
        }
        agent.alarms.lookSoon()
    }

    /// When there is a stack that says whom.
    func tellUntold() {
        agent.teller.begin(untold)
        untold = []
    }

    /// Another file began: it is told what is open.
    private func rememberOpen() {
        guard let book = agent.alarms.book else { return }
        write(
            book.open.map(LedgerEntry.alert) + book.silences.map(LedgerEntry.silence)
                + [.maintenance(book.maintenance)]
                + (agent.rolling.rollout.map { [.rollout($0)] } ?? []))
    }
}

/// Lets a callback that is made before the link find it afterwards.
private final class WeakLink: @unchecked Sendable {
    weak var link: LedgerLink?
}

/// Filled and read on the ledger's thread.
private final class Slot<Value: Sendable>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

extension LedgerReceipt {
    fileprivate var failure: String? {
        if case .failed(let words) = self { words } else { nil }
    }
}

extension AlertDraft {
    fileprivate var entries: [LedgerEntry] {
        alerts.map(LedgerEntry.alert) + forgotten.map(LedgerEntry.forgetAlert)
            + events.map { .alertEvent($0.event, isTold: $0.isTold) }
    }
}
