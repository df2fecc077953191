import Glibc
import StackModel
import Synchronization
import Testing

@testable import Ledger

/// What waits for the disk is bounded, and alerts are kept longest.
struct WaitingTests {
    private let event = LedgerEntry.event(.sample(1))
    private let alert = LedgerEntry.alertEvent(.sample("a"))
    private let measures = LedgerEntry.measurements([.sample(.raw, at: .start)])

    @Test func `measures give way first, then events, the oldest first`() {
        var limits = LedgerLimits()
        limits.waitingBytesMax = 10_000
        limits.waitingAlertBytesMax = 100_000
        var waiting = WaitingWrites(limits: limits)
        var loss = LedgerLoss()
        var kept: [LedgerEntry.Worth: Int] { counts(waiting) }
        func add(_ entry: LedgerEntry, _ count: Int) {
            for _ in 0..<count { loss += waiting.append(LedgerWrite(entries: [entry])).loss }
        }
        add(event, 10)
        add(measures, 100)
        #expect(kept[.event] == 10)
        #expect(
            loss.measurements + (kept[.measurement] ?? 0) == 100 && loss.total == loss.measurements)
        #expect(loss.measurements > 0)
        add(event, 100)
        #expect(kept[.measurement] == nil && loss.measurements == 100)
        #expect(loss.events > 0 && loss.events + (kept[.event] ?? 0) == 110)
        add(alert, 20)
        #expect(kept == [.alert: 20] && loss.events == 110)
        add(alert, 200)
        #expect(loss.alertEvents > 0 && loss.alertEvents + (kept[.alert] ?? 0) == 220)
        #expect(waiting.bytes <= 100_000 && waiting.bytes > 80_000)
    }

    @Test func `of one write only what is worth less gives way, and it is told so`() async throws {
        var limits = LedgerLimits()
        limits.waitingBytesMax = 2000
        var waiting = WaitingWrites(limits: limits)
        _ = waiting.append(LedgerWrite(entries: [measures, alert]))
        _ = waiting.append(LedgerWrite(entries: [alert]))
        let writes = waiting.take()
        #expect(writes.map(\.entries.count) == [1, 1])
        #expect(writes[0].loss == LedgerLoss(measurements: 1))
        #expect(waiting.isEmpty && waiting.bytes == 0)
    }

    @Test func `bytes are accounted for, whatever happens`() {
        var limits = LedgerLimits()
        (limits.waitingBytesMax, limits.waitingAlertBytesMax) = (3000, 6000)
        var waiting = WaitingWrites(limits: limits)
        let choices: [[LedgerEntry]] = [
            [event], [alert, event], [measures], [measures, alert], [],
        ]
        for seed in 0..<2000 {
            var write = LedgerWrite(entries: choices[seed % 5])
            if seed % 7 == 0 { write.prepare = { [] } }
            _ = waiting.append(write)
            if seed % 11 == 0 { _ = waiting.putBack(waiting.take(entriesMax: seed % 13)) }
            if seed % 17 == 0 { _ = waiting.take(entriesMax: 2) }
            #expect(waiting.bytes == waiting.writes.reduce(0) { $0 + $1.bytes })
            #expect(waiting.bytes <= 6000)
        }
    }

    @Test func `a batch has few entries, but at least one write`() {
        var waiting = WaitingWrites(limits: LedgerLimits())
        for count in [3, 3, 3, 9, 1] {
            _ = waiting.append(LedgerWrite(entries: Array(repeating: event, count: count)))
        }
        var batches: [[Int]] = []
        while !waiting.isEmpty { batches.append(waiting.take(entriesMax: 6).map(\.entries.count)) }
        #expect(batches == [[3, 3], [3], [9], [1]])
    }

    @Test func `no call waits for the ledger, and what finds no room is told`() async throws {
        let room = try Workroom()
        var limits = LedgerLimits.quick
        (limits.waitingBytesMax, limits.waitingAlertBytesMax) = (20_000, 40_000)
        limits.questionsMax = 2
        room.open(limits: limits)
        _ = try await room.contents()
        let keeper = try room.keeper
        let isStuck = Mutex(true)
        let hasBegun = Mutex(false)
        // The ledger's thread stands still.
        keeper.write(preparing: {
            hasBegun.withLock { $0 = true }
            while isStuck.withLock({ $0 }) { usleep(1000) }
            return []
        })
        try await eventually("it stands still") { hasBegun.withLock { $0 } }
        let told = Mutex<[LedgerReceipt]>([])
        for id in 1...200 {
            keeper.write([.event(.sample(UInt64(id)))]) { receipt in
                told.withLock { $0.append(receipt) }
            }
        }
        #expect(told.withLock { $0 }.allSatisfy { $0 == .failed(Tray.noRoom) })
        let refused = told.withLock { $0 }.count
        #expect(refused > 0 && refused < 200)
        let answers = Mutex(0)
        for _ in 0..<5 {
            keeper.outboxCount { answer in
                if case .failure = answer { answers.withLock { $0 += 1 } }
            }
        }
        #expect(answers.withLock { $0 } == 3)
        isStuck.withLock { $0 = false }
        try await eventually("all are told") { told.withLock { $0 }.count == 200 }
        let kept = try await room.ask { $0.events(of: nil, tail: 999, $1) }
        #expect(kept.map(\.id) == Array(UInt64(refused + 1)...200))
        try await eventually("the loss is told") {
            room.events.contains(.dropped(LedgerLoss(events: refused)))
        }
        #expect(try await room.ask { $0.outboxCount($1) }.dropped.events == refused)
    }

    @Test func `when it mends, all that had to give way was told before`() async throws {
        let room = try Workroom()
        room.open()
        _ = try await room.contents()
        room.close()
        try setVersion(99, of: room)
        var limits = LedgerLimits.quick
        (limits.waitingBytesMax, limits.waitingAlertBytesMax) = (20_000, 40_000)
        limits.lossReports = .seconds(3600)
        room.open(limits: limits)
        try await eventually("it fails") { !room.failures.isEmpty }
        for id in 1...200 { try await room.write(.event(.sample(UInt64(id)))) }
        try await eventually("a loss is told") { self.lost(in: room) > 0 }
        let early = lost(in: room)
        for id in 201...400 { try await room.write(.event(.sample(UInt64(id)))) }
        // Not so soon again.
        #expect(lost(in: room) == early)
        try await eventually("the version") {
            (try? self.setVersion(Schema.version, of: room)) != nil
        }
        try await eventually("mended") { room.events.contains(.mended) }
        let told = room.events.prefix { $0 != .mended }
        let kept = try await room.ask { $0.events(of: nil, tail: 999, $1) }
        #expect(lost(in: room) == 400 - kept.count && kept.count < 200)
        #expect(
            told.reduce(0) { if case .dropped(let loss) = $1 { $0 + loss.events } else { $0 } }
                == 400 - kept.count)
    }

    @Test func `what was lost is told in words`() {
        #expect("\(LedgerLoss(measurements: 1, alertEvents: 2))" == "1 measurement, 2 alert events")
        #expect("\(LedgerLoss(events: 3, rollouts: 1))" == "3 events, 1 rollout")
    }

    private func lost(in room: Workroom) -> Int {
        room.events.reduce(0) { if case .dropped(let loss) = $1 { $0 + loss.events } else { $0 } }
    }

    private func setVersion(_ version: Int64, of room: Workroom) throws {
        let database = try Database(path: room.path)
        defer { database.close() }
        try database.execute("PRAGMA user_version = \(version)")
    }

    private func counts(_ waiting: WaitingWrites) -> [LedgerEntry.Worth: Int] {
        var counts: [LedgerEntry.Worth: Int] = [:]
        for entry in waiting.writes.flatMap(\.entries) { counts[entry.worth, default: 0] += 1 }
        return counts
    }
}
