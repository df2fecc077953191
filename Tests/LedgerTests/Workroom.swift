import FoundationEssentials
import Glibc
import StackModel
import Synchronization
import Testing

@testable import Ledger

/// A directory of its own with a ledger in it, gone at the end.
final class Workroom: Sendable {
    let directory: String
    private let isOwn: Bool
    private let time: Mutex<Timestamp>
    private let told = Mutex<[LedgerEvent]>([])
    private let opened = Mutex<LedgerKeeper?>(nil)

    var path: String { directory + "/ledger.db" }

    /// In a directory of the caller's, which stays.
    init(in directory: String) throws {
        self.directory = directory
        isOwn = false
        time = Mutex(.start)
    }

    init(time: Timestamp = .start) throws {
        isOwn = true
        var template = Array("/tmp/catalyst-ledger-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template)))
        self.time = Mutex(time)
    }

    deinit {
        close()
        if isOwn { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// What the ledger takes the time for.
    var now: Timestamp { time.withLock { $0 } }
    func set(_ now: Timestamp) { time.withLock { $0 = now } }

    /// Opens it, without waiting.
    func open(limits: LedgerLimits = .quick, outbox: LedgerEntry.Switch = .on) {
        opened.withLock { keeper in
            keeper = LedgerKeeper(
                path: path, limits: limits, outbox: outbox,
                wallTime: { [weak self] in self?.time.withLock { $0 } ?? .start },
                report: { [weak self] event in self?.told.withLock { $0.append(event) } })
        }
    }

    func close() {
        opened.withLock { keeper in
            if keeper?.finish(within: .seconds(60)) == false { Issue.record("the ledger hangs") }
            keeper = nil
        }
    }

    /// Opens it again, as a new agent does.
    @discardableResult
    func reopen(limits: LedgerLimits = .quick) async throws -> LedgerContents {
        close()
        told.withLock { $0 = [] }
        open(limits: limits)
        return try await contents()
    }

    var events: [LedgerEvent] { told.withLock { $0 } }
    var keeper: LedgerKeeper { get throws { try #require(opened.withLock { $0 }) } }

    func contents() async throws -> LedgerContents {
        try await eventually("the ledger is open") { !self.allContents.isEmpty }
        return try #require(allContents.last)
    }

    var allContents: [LedgerContents] {
        events.compactMap { if case .opened(let contents) = $0 { contents } else { nil } }
    }
    var failures: [String] {
        events.compactMap { if case .failing(let words) = $0 { words } else { nil } }
    }
    var asides: [String] {
        events.compactMap { if case .setAside(let path, _) = $0 { path } else { nil } }
    }

    @discardableResult
    func write(_ entries: LedgerEntry...) async throws -> LedgerReceipt {
        try await write(entries)
    }

    @discardableResult
    func write(_ entries: [LedgerEntry]) async throws -> LedgerReceipt {
        let keeper = try keeper
        return await withCheckedContinuation { continuation in
            keeper.write(entries) { continuation.resume(returning: $0) }
        }
    }

    func ask<Value: Sendable>(
        _ question: (LedgerKeeper, @escaping LedgerKeeper.Answer<Value>) -> Void
    ) async throws -> Value {
        let keeper = try keeper
        return try await withCheckedContinuation { continuation in
            question(keeper) { continuation.resume(returning: $0) }
        }.get()
    }

    func outbox(after sequence: Int64 = 0, limit: Int = 100_000) async throws -> [OutboxRecord] {
        try await ask { $0.outbox(after: sequence, limit: limit, bytesMax: .max, $1) }
    }

    func minutes(_ subject: Subject? = nil) async throws -> [Measurement] {
        try await ask {
            $0.measurements(of: subject, .minute, since: .distantPast, limit: 100_000, $1)
        }
    }
}

extension LedgerLimits {
    /// Nothing waits for company, and what fails is tried again at once.
    static var quick: LedgerLimits {
        var limits = LedgerLimits()
        limits.companyWait = .zero
        limits.retryFirst = .milliseconds(5)
        limits.retryMax = .milliseconds(20)
        limits.lossReports = .zero
        return limits
    }
}

extension Timestamp {
    /// 2026-11-22T14:00:00Z.
    static let start = Timestamp(nanoseconds: 1_795_356_000_000_000_000)
    static let distantPast = Timestamp(nanoseconds: .min)

    static func + (time: Timestamp, delay: Duration) -> Timestamp {
        Timestamp(nanoseconds: time.nanoseconds + delay.nanoseconds)
    }
}

extension Alert {
    static func sample(_ id: Int64, _ state: State = .firing, at time: Timestamp = .start) -> Alert
    {
        var alert = Alert(
            id: id, rule: .serviceDown, subject: "scanner", severity: .critical, state: state,
            since: time, summary: "is down: exited with status 1")
        alert.firedAt = state == .pending ? nil : time
        alert.resolvedAt = state == .resolved ? time : nil
        alert.blocked = ["pattern", "technical"]
        alert.evidence.exit = .exited(code: 1)
        alert.evidence.measures = [.cpu: 0.5, .memory: 123_456_789]
        alert.evidence.lines = [
            LogRecord(service: "scanner", time: time, stream: .stderr, text: "Traceback \u{1b}[31m")
        ]
        alert.evidence.suggestions = ["catalystctl why scanner"]
        return alert
    }
}

extension AlertEvent {
    static func sample(_ id: String, alert: Alert = .sample(1)) -> AlertEvent {
        AlertEvent(id: id, kind: .fired, time: .start, message: "scanner is down", alert: alert)
    }
}

extension EventRecord {
    static func sample(
        _ id: UInt64, _ service: ServiceName? = "scanner", at time: Timestamp = .start
    ) -> EventRecord {
        EventRecord(
            id: id, time: time, service: service, kind: .exited, priority: .error,
            message: "exited with status \(id)")
    }
}

extension Measurement {
    static func sample(
        _ resolution: Resolution, _ subject: Subject = "scanner", at time: Timestamp,
        _ values: Reading = [.cpu: 0.25, .wanted: 60, .well: 45]
    ) -> Measurement {
        Measurement(time: time, subject: subject, resolution: resolution, values: values)
    }
}

/// Waits for a condition; a busy machine may take its time.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ isSo: () -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while !isSo() {
        guard ContinuousClock.now < end else {
            Issue.record("never: \(what)")
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}
