import StackModel
import Testing

@testable import Ledger

/// What the database is to have waits for it, in order, in bounded space.
struct OutboxTests {
    @Test func `alert events, events and minutes are kept for the database, in order`() async throws
    {
        let room = try Workroom()
        room.open()
        let minute = Measurement.sample(.minute, "@disk", at: .start, [.diskUsed: 0.5])
        try await room.write(.event(.sample(1)), .alert(.sample(1)), .alertEvent(.sample("a")))
        try await room.write(
            .measurements([minute, .sample(.raw, at: .start), .sample(.hour, at: .start)]))
        try await room.write(.event(.sample(2)))
        let records = try await room.outbox()
        #expect(
            records.map(\.content) == [
                .event(.sample(1)), .alert(.sample("a")), .measurement(minute), .event(.sample(2)),
            ])
        #expect(records.map(\.sequence) == [1, 2, 3, 4])
        #expect(try await room.outbox(after: 2, limit: 1).map(\.sequence) == [3])
        let one = try await room.ask { $0.outbox(after: 0, limit: 9, bytesMax: 1, $1) }
        #expect(one.map(\.sequence) == [1])
    }

    @Test func `an alert event that comes twice is kept and shipped once`() async throws {
        let room = try Workroom()
        room.open()
        try await room.write(.alertEvent(.sample("a")))
        let receipt = try await room.write(
            .alertEvent(.sample("a")), .alertEvent(.sample("b")), .alertEvent(.sample("b")))
        #expect(receipt == .durable(duplicates: 2))
        #expect(
            try await room.outbox().map(\.content) == [.alert(.sample("a")), .alert(.sample("b"))])
        try await room.write(.shipped(through: 2))
        #expect(try await room.write(.alertEvent(.sample("a"))) == .durable(duplicates: 1))
        #expect(try await room.outbox().isEmpty)
    }

    @Test func `what was shipped is gone, and its number is not used again`() async throws {
        let room = try Workroom()
        room.open()
        try await room.write((1...3).map { .event(.sample($0)) })
        try await room.write(.shipped(through: 3))
        var count = try await room.ask { $0.outboxCount($1) }
        #expect(count.records == 0 && count.bytes == 0 && count.lastShipped == .start)
        try await room.reopen()
        try await room.write(.event(.sample(4)))
        #expect(try await room.outbox().map(\.sequence) == [4])
        try await room.write(.refused([4, 99]))
        count = try await room.ask { $0.outboxCount($1) }
        #expect(count.records == 0 && count.dropped == LedgerLoss(events: 1))
    }

    @Test func `without a database nothing is kept for one`() async throws {
        let room = try Workroom()
        room.open(outbox: .off)
        try await room.write(.event(.sample(1)), .alertEvent(.sample("a")))
        try room.keeper.setOutbox(.on)
        try await room.write(.event(.sample(2)))
        try room.keeper.setOutbox(.off)
        try await room.write(.measurements([.sample(.minute, at: .start)]))
        #expect(try await room.outbox().map(\.content) == [.event(.sample(2))])
        #expect(try await room.ask { $0.events(of: nil, tail: 9, $1) }.count == 2)
    }

    @Test func `a full outbox drops measures first, then events, and alerts last`() async throws {
        let room = try Workroom()
        var limits = LedgerLimits.quick
        limits.outboxRowsMax = 100
        room.open(limits: limits)
        func kinds() async throws -> [Int] {
            let records = try await room.outbox()
            return [
                records.count { if case .measurement = $0.content { true } else { false } },
                records.count { if case .event = $0.content { true } else { false } },
                records.count { if case .alert = $0.content { true } else { false } },
            ]
        }
        try await room.write((1...40).map { .alertEvent(.sample("a\($0)")) })
        try await room.write(
            (0..<30).map { .measurements([.sample(.minute, at: .start + .seconds(60 * $0))]) })
        try await room.write((1...31).map { .event(.sample($0)) })
        #expect(try await kinds() == [28, 31, 40])
        let oldest = try await room.outbox(after: 40, limit: 1).first
        #expect(
            oldest?.content == .measurement(.sample(.minute, at: .start + .seconds(120))))
        try await room.write((32...80).map { .event(.sample($0)) })
        #expect(try await kinds() == [0, 59, 40])
        try await room.write((41...101).map { .alertEvent(.sample("a\($0)")) })
        #expect(try await kinds() == [0, 0, 99])
        let count = try await room.ask { $0.outboxCount($1) }
        let lost = LedgerLoss(measurements: 30, events: 80, alertEvents: 2)
        #expect(count.dropped == lost)
        var told = LedgerLoss()
        for case .dropped(let loss) in room.events { told += loss }
        #expect(told == lost)
        // Kept for good.
        #expect(try await room.reopen(limits: limits).outbox.dropped == lost)
    }

    @Test func `it is bounded in bytes as well`() async throws {
        let room = try Workroom()
        var limits = LedgerLimits.quick
        limits.outboxBytesMax = 100_000
        room.open(limits: limits)
        try await room.write((1...500).map { .alertEvent(.sample("a\($0)")) })
        let count = try await room.ask { $0.outboxCount($1) }
        #expect(count.bytes <= 100_000 && count.bytes > 90_000)
        #expect(count.dropped.alertEvents == 500 - count.records)
        #expect(count.share <= 1 && count.share > 0.9)
        let records = try await room.outbox()
        #expect(records.count == count.records)
        #expect(records.last?.content == .alert(.sample("a500")))
    }

    @Test func `a drained outbox gives its space back`() async throws {
        let room = try Workroom()
        room.open()
        let message = String(repeating: "x", count: 4000)
        for first in stride(from: 0, to: 3000, by: 500) {
            let events = (first..<first + 500).map { number in
                AlertEvent(
                    id: "\(number)", kind: .spread, time: .start, message: message,
                    alert: Alert(
                        id: 1, rule: .test, subject: "@agent", severity: .warning, since: .start,
                        summary: ""))
            }
            try await room.write(events.map { .alertEvent($0) })
        }
        let full = try await room.ask { $0.sizeBytes($1) }
        try await room.write(.shipped(through: 3000))
        for id in 1...200 { try await room.write(.event(.sample(UInt64(id)))) }
        let drained = try await room.ask { $0.sizeBytes($1) }
        #expect(drained < full * 3 / 4, "\(full) became \(drained)")
    }
}
