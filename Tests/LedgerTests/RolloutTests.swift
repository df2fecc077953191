import Glibc
import StackModel
import Testing

@testable import Ledger

/// Rollouts are remembered, each as it is now, also by a ledger that did not know them yet.
struct RolloutTests {
    @Test func `a rollout is known as it was written last, with all that is in it`() async throws {
        let room = try Workroom()
        room.open()
        #expect(try await room.ask { $0.rollout(1, $1) } == nil)
        var rollout = Rollout.sample(1)
        try await room.write(.rollout(rollout))
        rollout.steps[0].phase = .probing
        try await room.write(.rollout(rollout))
        try await room.write(.rollout(.sample(2, .succeeded)))
        try await room.reopen()
        #expect(try await room.ask { $0.rollout(1, $1) } == rollout)
        #expect(
            try await room.ask { $0.rollouts(limit: 9, $1) } == [.sample(2, .succeeded), rollout])
        #expect(try await room.ask { $0.rollouts(limit: 1, $1) }.map(\.id) == [2])
    }

    @Test func `a new agent learns what was under way, and how the last one ended`() async throws {
        let room = try Workroom()
        room.open()
        var contents = try await room.contents()
        #expect(contents.nextRolloutID == 1)
        #expect(contents.openRollout == nil && contents.lastRollout == nil)
        try await room.write(
            .rollout(.sample(1, .failed)), .rollout(.sample(2, .cancelled)),
            .rollout(.sample(3, .undoing)))
        contents = try await room.reopen()
        #expect(contents.nextRolloutID == 4)
        #expect(contents.openRollout == .sample(3, .undoing))
        #expect(contents.lastRollout == .sample(1, .failed))
        // One that was left open before another is history, not to be gone on with.
        try await room.write(.rollout(.sample(4, .succeeded)))
        contents = try await room.reopen()
        #expect(contents.openRollout == nil && contents.lastRollout == .sample(4, .succeeded))
    }

    @Test func `only the newest state of a rollout waits for the database`() async throws {
        let room = try Workroom()
        room.open()
        try await room.write(.rollout(.sample(1, .preparing)), .rollout(.sample(2)))
        try await room.write(.event(.sample(1)), .rollout(.sample(1)))
        let records = try await room.outbox()
        #expect(records.map(\.sequence) == [2, 3, 4])
        #expect(
            records.map(\.content) == [
                .rollout(.sample(2)), .event(.sample(1)), .rollout(.sample(1)),
            ])
        // The courier had taken it before it changed again.
        try await room.write(.rollout(.sample(1, .succeeded)))
        try await room.write(.shipped(through: 4))
        #expect(try await room.outbox().map(\.content) == [.rollout(.sample(1, .succeeded))])
        try await room.write(.shipped(through: 5))
        let count = try await room.ask { $0.outboxCount($1) }
        #expect(count.records == 0 && count.bytes == 0 && count.dropped == LedgerLoss())
    }

    @Test func `only the newest rollouts are kept`() async throws {
        let room = try Workroom()
        var limits = LedgerLimits.quick
        limits.rolloutsMax = 10
        room.open(limits: limits)
        for id in 1...25 { try await room.write(.rollout(.sample(Int64(id), .succeeded))) }
        let kept = try await room.ask { $0.rollouts(limit: 99, $1) }
        #expect(kept.map(\.id) == (16...25).reversed())
        #expect(try await room.reopen(limits: limits).nextRolloutID == 26)
    }

    @Test func `a full outbox drops rollouts last`() async throws {
        let room = try Workroom()
        var limits = LedgerLimits.quick
        limits.outboxRowsMax = 20
        room.open(limits: limits)
        try await room.write((1...15).map { .rollout(.sample($0)) })
        try await room.write((1...30).map { .alertEvent(.sample("\($0)")) })
        var count = try await room.ask { $0.outboxCount($1) }
        #expect(count.dropped.rollouts == 0 && count.dropped.alertEvents == 25)
        try await room.write((16...40).map { .rollout(.sample($0)) })
        count = try await room.ask { $0.outboxCount($1) }
        #expect(count.dropped == LedgerLoss(alertEvents: 30, rollouts: 20))
        #expect(try await room.outbox().map(\.content) == (21...40).map { .rollout(.sample($0)) })
        #expect(try await room.ask { $0.rollouts(limit: 99, $1) }.count == 40)
    }

    @Test func `a megabyte of last lines leaves room for the record`() async throws {
        let room = try Workroom()
        room.open()
        var rollout = Rollout.sample(1, .failed)
        rollout.failure?.lines = (0..<100).map { number in
            LogRecord(
                service: "scanner", time: .start, stream: .stderr,
                text: "\(number) " + String(repeating: "x", count: 10_000))
        }
        try await room.write(.rollout(rollout))
        let lines = try await room.ask { $0.rollout(1, $1) }?.failure?.lines ?? []
        #expect(lines.count > 20 && lines.count < 30)
        #expect(lines.last == rollout.failure?.lines.last)
    }

    @Test func `a ledger of version 1 is used on, nothing of it is lost`() async throws {
        let room = try Workroom()
        try makeFirstVersion(room.path)
        let contents = try await room.reopen()
        #expect(room.asides.isEmpty && room.failures.isEmpty)
        #expect(contents.identity == "of version 1")
        #expect(contents.nextAlertID == 43 && contents.nextEventID == 8)
        #expect(contents.openAlerts == [.sample(42)])
        #expect(contents.nextRolloutID == 1)
        #expect(contents.outbox.records == 1)
        #expect(contents.outbox.dropped == LedgerLoss(measurements: 1, events: 2, alertEvents: 3))
        try await room.write(.rollout(.sample(1)))
        let records = try await room.outbox()
        #expect(records.map(\.sequence) == [5, 6])
        #expect(records.map(\.content) == [.event(.sample(7)), .rollout(.sample(1))])
        #expect(try await room.reopen().openRollout == .sample(1))
    }

    @Test func `what is durable of a rollout outlives kill -9, whenever it comes`() async throws {
        let room = try Workroom()
        var kills = 0
        // On a disk that others keep busy, a few may come before anything is durable.
        while kills < 4 || (kills < 30 && !hasReachedAnything(room.directory + "/reached")) {
            kills += 1
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [directory = room.directory as String] in
                rollUntilKilled(directory)
            }
        }
        let contents = try await room.reopen()
        #expect(room.asides.isEmpty && room.failures.isEmpty)
        let known = try await room.ask { $0.rollouts(limit: 9999, $1) }
        let reached = try lastReached(room.directory + "/reached")
        // What was said to be durable is there, or what followed it.
        let newest = try #require(known.first)
        #expect((newest.id, newest.reached) >= reached)
        #expect(contents.nextRolloutID == newest.id + 1)
        // Each rollout is there once, and so is what the database is to have of it.
        #expect(known.map(\.id) == (1...newest.id).reversed())
        var waiting: [Int64: Rollout] = [:]
        for case .rollout(let rollout) in try await room.outbox().map(\.content) {
            #expect(waiting.updateValue(rollout, forKey: rollout.id) == nil)
        }
        #expect(waiting == Dictionary(uniqueKeysWithValues: known.map { ($0.id, $0) }))
    }

    private func hasReachedAnything(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_size > 0
    }

    private func lastReached(_ path: String) throws -> (Int64, Int) {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var last: (Int64, Int) = (0, 0)
        var buffer = [CChar](repeating: 0, count: 100)
        while fgets(&buffer, 100, file) != nil {
            let line = String(
                decoding: buffer.prefix { $0 > 32 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let numbers = line.split(separator: "/").compactMap { Int64($0) }
            guard numbers.count == 2 else { continue }
            let next = (numbers[0], Int(numbers[1]))
            if next > last { last = next }
        }
        return last
    }

    /// As the agent before this one left it.
    private func makeFirstVersion(_ path: String) throws {
        fclose(fopen(path, "w"))
        let database = try Database(path: path)
        defer { database.close() }
        try Schema.make(in: database, version: 1)
        let tallies = """
            {"nextAlertID":43,"nextEventID":8,"events":0,"alertEvents":0,"measurements":[0,0,0],
            "outboxRows":1,"outboxBytes":99,
            "dropped":{"measurements":1,"events":2,"alertEvents":3}}
            """
        try database.run(
            "INSERT INTO meta (key, value) VALUES ('tallies', ?)", .blob(Array(tallies.utf8)))
        try database.run("UPDATE meta SET value = 'of version 1' WHERE key = 'identity'")
        try database.run(
            "INSERT INTO alerts (id, state, subject, since, body) VALUES (42, 1, 'scanner', 0, ?)",
            .blob(Stored.bytes(Alert.sample(42))))
        try database.run(
            "INSERT INTO outbox (sequence, kind, body) VALUES (5, 1, ?)",
            .blob(Stored.bytes(EventRecord.sample(7))))
    }
}

/// Walks rollouts through their phases, and notes each as soon as it is said to be durable.
private func rollUntilKilled(_ directory: String) {
    let notes = open(directory + "/reached", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let first = AtomicID()
    let ledger = LedgerKeeper(path: directory + "/ledger.db") { event in
        if case .opened(let contents) = event { first.set(contents.nextRolloutID) }
    }
    for id in first.wait()... {
        var rollout = Rollout.sample(id)
        for (number, phase) in RolloutStep.Phase.allCases.enumerated() {
            rollout.steps[0].phase = phase
            if phase == .skipped { rollout.state = .succeeded }
            // In the midst of the third, at a different place each time.
            let last = first.value + 2
            if id == last, number == 2 + Int(id) % 7 { killSoon() }
            ledger.write([.rollout(rollout)]) { receipt in
                guard case .durable = receipt else { return }
                let note = "\(id)/\(number)\n"
                _ = note.withCString { write(notes, $0, strlen($0)) }
            }
        }
    }
}

/// While the ledger's thread is at work.
private func killSoon() {
    usleep(.random(in: 0...5000))
    kill(getpid(), SIGKILL)
}

/// Set once, on another thread.
private final class AtomicID: @unchecked Sendable {
    private var known: Int64 = 0
    private var mutex = pthread_mutex_t()
    private var changed = pthread_cond_t()

    init() {
        pthread_mutex_init(&mutex, nil)
        pthread_cond_init(&changed, nil)
    }

    var value: Int64 { wait() }

    func set(_ value: Int64) {
        pthread_mutex_lock(&mutex)
        known = value
        pthread_cond_broadcast(&changed)
        pthread_mutex_unlock(&mutex)
    }

    func wait() -> Int64 {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        while known == 0 { pthread_cond_wait(&changed, &mutex) }
        return known
    }
}

extension Rollout {
    static func sample(_ id: Int64, _ state: State = .running) -> Rollout {
        var rollout = Rollout(
            id: id, kind: .deploy, state: state, askedBy: "root", startedAt: .start)
        rollout.release = "20261122T210500Z-3f2a91c"
        rollout.previousRelease = "20261121T090000Z-00c0ffe"
        rollout.reason = "a fix"
        rollout.steps = [
            RolloutStep("scanner", .source, .canary), RolloutStep("news", .definition, .stopFirst),
        ]
        if state == .failed {
            rollout.failure = RolloutFailure(service: "scanner", reason: "exited with code 3")
            rollout.finishedAt = .start + .seconds(61)
            rollout.message = "scanner exited with code 3"
        }
        return rollout
    }

    /// How far its first step has come, as a number.
    fileprivate var reached: Int {
        RolloutStep.Phase.allCases.firstIndex { $0 == steps.first?.phase } ?? 0
    }
}
