import StackModel
import Synchronization
import Testing

@testable import Ledger

/// What was written is there, for this agent and the next.
struct MemoryTests {
    @Test func `a new ledger is empty, and has an identity of its own`() async throws {
        let (one, other) = (try Workroom(), try Workroom())
        one.open()
        other.open()
        let contents = try await one.contents()
        #expect(contents.openAlerts.isEmpty && contents.silences.isEmpty)
        #expect(contents.nextAlertID == 1 && contents.nextEventID == 1)
        #expect(
            contents.identity.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil)
        #expect(try await other.contents().identity != contents.identity)
        #expect(try await one.reopen().identity == contents.identity)
    }

    @Test func `the next agent finds what is open`() async throws {
        let room = try Workroom()
        room.open()
        let silence = Silence(
            id: 4, subjects: ["scanner", "@postgres"], until: .start, reason: "root")
        let maintenance = Maintenance(since: .start, until: .start, reason: "disk")
        let receipt = try await room.write(
            .alert(.sample(1, .pending)), .alert(.sample(2)), .alert(.sample(3)),
            .alert(.sample(3, .resolved)), .alert(.sample(9)), .forgetAlert(9),
            .silence(silence), .silence(Silence(id: 5, subjects: nil, until: .start, reason: "")),
            .removeSilence(5), .maintenance(maintenance), .event(.sample(70, at: .start)))
        #expect(receipt == .durable(duplicates: 0))
        let contents = try await room.reopen()
        #expect(contents.openAlerts == [.sample(1, .pending), .sample(2)])
        #expect(contents.silences == [silence])
        #expect(contents.maintenance == maintenance)
        #expect(contents.lastEventTime == .start)
        // The forgotten one's number is not used again.
        #expect(contents.nextAlertID == 10)
        #expect(contents.nextEventID == 71)
        try await room.write(.maintenance(nil), .alert(.sample(2, .resolved)))
        let next = try await room.reopen()
        #expect(next.maintenance == nil)
        #expect(next.openAlerts.map(\.id) == [1])
    }

    @Test func `an alert is found with its life`() async throws {
        let room = try Workroom()
        room.open()
        let resolved = AlertEvent(
            id: "b", kind: .resolved, time: .start, message: "up again",
            alert: .sample(1, .resolved))
        try await room.write(.alert(.sample(1)), .alertEvent(.sample("a")))
        try await room.write(
            .alert(.sample(1, .resolved)), .alertEvent(resolved), .alert(.sample(2)))
        let found = try await room.ask { $0.alert(1, $1) }
        #expect(found?.alert == .sample(1, .resolved))
        #expect(found?.events == [.sample("a"), resolved])
        #expect(try await room.ask { $0.alert(7, $1) } == nil)
        #expect(try await room.ask { $0.alerts(.open, $1) }.map(\.id) == [2])
        #expect(try await room.ask { $0.alerts(.since(.start), $1) }.map(\.id) == [2, 1])
        #expect(
            try await room.ask { $0.alerts(.since(.start + .seconds(1)), $1) }.map(\.id) == [2])
    }

    @Test func `events are found by service, time and number`() async throws {
        let room = try Workroom()
        room.open()
        let events = (1...6).map {
            EventRecord.sample(
                $0, $0 == 6 ? nil : $0 % 2 == 0 ? "news" : "scanner",
                at: .start + .seconds(Int64($0)))
        }
        try await room.write(events.map { .event($0) })
        func found(_ service: ServiceName?, _ since: Timestamp?, _ tail: Int) async throws
            -> [UInt64]
        {
            try await room.ask { $0.events(of: service, since: since, tail: tail, $1) }.map(\.id)
        }
        #expect(try await room.ask { $0.events(of: nil, tail: 9, $1) } == events)
        #expect(try await found("news", nil, 9) == [2, 4])
        #expect(try await found(nil, .start + .seconds(4), 9) == [4, 5, 6])
        #expect(try await found(nil, nil, 2) == [5, 6])
    }

    @Test func `what is prepared is prepared on the ledger's thread, and once`() async throws {
        let room = try Workroom()
        room.open()
        let count = Mutex(0)
        let receipt = await withCheckedContinuation { continuation in
            try? room.keeper.write(
                preparing: {
                    count.withLock { $0 += 1 }
                    return [.alert(.sample(1)), .alertEvent(.sample("a"))]
                }, done: { continuation.resume(returning: $0) })
        }
        #expect(receipt == .durable(duplicates: 0))
        #expect(count.withLock { $0 } == 1)
        #expect(try await room.ask { $0.alert(1, $1) }?.events.count == 1)
    }

    @Test func `numbers that JSON does not know cost no alert`() async throws {
        let room = try Workroom()
        room.open()
        var alert = Alert.sample(1)
        alert.evidence.measures[.latencyP99] = .infinity
        alert.evidence.measures[.load1] = .nan
        let line = String(repeating: "x", count: 100_000)
        alert.evidence.lines = (1...20).map { _ in
            LogRecord(service: "scanner", time: .start, stream: .stdout, text: line)
        }
        let receipt = try await room.write(
            .alert(alert), .alertEvent(.sample("a", alert: alert)),
            .measurements([.sample(.minute, at: .start, [.cpu: .nan, .memory: 4])]))
        #expect(receipt == .durable(duplicates: 0))
        let found = try #require(try await room.ask { $0.alert(1, $1) })
        #expect(found.alert.evidence.measures == Alert.sample(1).evidence.measures)
        #expect(found.alert.evidence.lines.count == 2)
        #expect(try await room.minutes().map(\.values) == [[.memory: 4]])
    }

    @Test func `raw measures wait for company, questions and the end do not`() async throws {
        let room = try Workroom()
        var limits = LedgerLimits.quick
        limits.companyWait = .seconds(3600)
        room.open(limits: limits)
        let told = Mutex<[String]>([])
        try room.keeper.write([.measurements([.sample(.raw, at: .start)])]) { _ in
            told.withLock { $0.append("raw") }
        }
        try await room.write(.event(.sample(1)))
        #expect(told.withLock { $0 } == ["raw"])
        try room.keeper.write([.measurements([.sample(.raw, at: .start + .seconds(1))])])
        let found = try await room.ask {
            $0.measurements(of: "scanner", .raw, since: .start, limit: 9, $1)
        }
        #expect(found.count == 2)
        try room.keeper.write([.measurements([.sample(.raw, at: .start + .seconds(2))])]) { _ in
            told.withLock { $0.append("last") }
        }
        room.close()
        #expect(told.withLock { $0 } == ["raw", "last"])
    }

    @Test func `after its end a ledger refuses at once`() async throws {
        let room = try Workroom()
        room.open()
        let keeper = try room.keeper
        _ = try await room.contents()
        #expect(keeper.finish(within: .seconds(60)))
        let told = Mutex<[LedgerReceipt]>([])
        keeper.write([.event(.sample(1))]) { receipt in told.withLock { $0.append(receipt) } }
        #expect(told.withLock { $0 }.count == 1)
        #expect(keeper.finish(within: .seconds(60)))
    }
}
