import StackModel
import Testing

@testable import Ledger

/// Old things go, whatever the clock says.
struct PruningTests {
    private static let day = Duration.seconds(86_400)

    @Test func `measures go when their time is over`() async throws {
        let room = try Workroom(time: .start)
        room.open()
        try await room.write(
            .measurements((0..<50).map { .sample(.raw, at: .start + .seconds($0)) }))
        room.set(.start + .seconds(3600 + 25))
        // Four for each one that comes.
        for second in 0..<10 {
            try await room.write(
                .measurements([.sample(.raw, at: .start + .seconds(3625 + second))]))
        }
        let left = try await raw(room)
        #expect(left.count == 25 + 10)
        #expect(left.first == .start + .seconds(25))
    }

    @Test func `a clock that jumps a year ahead and back costs little, and leaves nothing`()
        async throws
    {
        let room = try Workroom(time: .start + Self.day)
        room.open()
        let minutes = 24 * 60
        try await room.write(
            .measurements((0..<minutes).map { .sample(.minute, at: .start + .seconds(60 * $0)) }))
        func minute(_ number: Int, offset: Duration) async throws {
            let time = Timestamp.start + .seconds(60 * number) + offset
            room.set(time)
            try await room.write(.measurements([.sample(.minute, at: time)]))
        }
        for number in minutes..<minutes + 10 {
            try await minute(number, offset: Self.day * 365)
        }
        for number in minutes + 10..<minutes + 20 { try await minute(number, offset: .zero) }
        let left = try await room.minutes()
        #expect(left.count == minutes - 4 * 10 + 10)
        let future = try await count(room, "time > \(room.now.nanoseconds)")
        #expect(future == 0)
        #expect(try await tallied(room) == left.count)
    }

    @Test func `a clock that jumps a year back and ahead costs little, too`() async throws {
        let room = try Workroom(time: .start + .seconds(86_400))
        room.open()
        let minutes = 24 * 60
        try await room.write(
            .measurements((0..<minutes).map { .sample(.minute, at: .start + .seconds(60 * $0)) }))
        for number in 0..<10 {
            let time = Timestamp.start + .seconds(60 * number) - Self.day * 365
            room.set(time)
            try await room.write(.measurements([.sample(.minute, at: time)]))
        }
        room.set(.start + .seconds(86_400))
        for number in 0..<10 {
            try await room.write(
                .measurements([.sample(.minute, at: .start + .seconds(60 * (minutes + number)))]))
        }
        let left = try await room.minutes()
        #expect(left.count == minutes - 4 * 10 + 10)
        #expect(left.allSatisfy { $0.time >= .start })
    }

    @Test(arguments: [Resolution.raw, .minute, .hour])
    func `measures are bounded in number, the oldest go first`(resolution: Resolution) async throws
    {
        let room = try Workroom()
        var limits = LedgerLimits.quick
        (limits.rawRowsMax, limits.minuteRowsMax, limits.hourRowsMax) = (100, 100, 100)
        room.open(limits: limits)
        for second in 0..<300 {
            try await room.write(
                .measurements([.sample(resolution, at: .start + .seconds(second))]))
        }
        let left = try await room.ask {
            $0.measurements(of: nil, resolution, since: .distantPast, limit: 999, $1)
        }
        #expect(left.map(\.time) == (200..<300).map { .start + .seconds($0) })
    }

    @Test func `events and resolved alerts are bounded, open alerts stay`() async throws {
        let room = try Workroom()
        var limits = LedgerLimits.quick
        (limits.eventsMax, limits.resolvedAlertsMax, limits.pruneRowsMax) = (20, 10, 5)
        room.open(limits: limits)
        for id in 1...60 {
            let alert = Alert.sample(Int64(id), id == 7 ? .firing : .resolved)
            try await room.write(
                .event(.sample(UInt64(id))), .alert(alert),
                .alertEvent(.sample("fired \(id)", alert: alert)),
                .alertEvent(.sample("resolved \(id)", alert: alert)))
        }
        let events = try await room.ask { $0.events(of: nil, tail: 99, $1) }
        #expect(events.map(\.id) == Array(41...60))
        let alerts = try await room.ask { $0.alerts(.since(.distantPast), $1) }
        #expect(alerts.map(\.id) == [7] + (51...60).reversed())
        #expect(try await count(room, table: "alert_events", "true") == 22)
    }

    @Test func `an alert's endless life is bounded`() async throws {
        let room = try Workroom()
        var limits = LedgerLimits.quick
        limits.alertEventsMax = 10
        room.open(limits: limits)
        for number in 1...30 { try await room.write(.alertEvent(.sample("\(number)"))) }
        try await room.write(.alert(.sample(1)))
        let found = try await room.ask { $0.alert(1, $1) }
        #expect(found?.events.map(\.id) == (21...30).map { "\($0)" })
    }

    private func raw(_ room: Workroom) async throws -> [Timestamp] {
        try await room.ask {
            $0.measurements(of: nil, .raw, since: .distantPast, limit: 999, $1)
        }.map(\.time)
    }

    private func count(
        _ room: Workroom, table: String = "measurements", _ which: String
    ) async throws -> Int64? {
        try await room.ask { keeper, answer in
            keeper.ask(
                { store throws(LedgerError) in
                    try store.database.number("SELECT count(*) FROM \(table) WHERE \(which)")
                }, answer)
        }
    }

    private func tallied(_ room: Workroom) async throws -> Int {
        try await room.ask { keeper, answer in
            keeper.ask({ store throws(LedgerError) in store.tallies[.minute] }, answer)
        }
    }
}
