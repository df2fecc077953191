import StackModel
import Testing

@testable import Ledger

struct MeasureTests {
    @Test func `measures survive being packed`() throws {
        let values: Reading = [.cpu: 0.1, .memory: 8_589_934_592, .load1: 0, .postgresSize: -1]
        let highs: Reading = [.cpu: 3.5, .load1: 7]
        let bytes = MeasureCoding.bytes(values, highs: highs)
        #expect(bytes.count == 4 * 5 + 2 * 4)
        let back = MeasureCoding.values(bytes)
        #expect(back.highs == highs)
        for (metric, value) in values {
            let found = try #require(back.values[metric])
            #expect(abs(found - value) <= abs(value) * 1e-6)
        }
        // Torn ones, and those of a later version, cost only themselves.
        for count in 0..<bytes.count { _ = MeasureCoding.values(Array(bytes.prefix(count))) }
        #expect(MeasureCoding.values([127, 0, 0, 0, 0] + bytes).values == back.values)
        for count in 0..<20 { #expect(MeasureCoding.record(Array(bytes.prefix(count))) == nil) }
    }

    @Test func `an hour is the mean, the sum and the high of its minutes`() {
        let parts = [
            Measurement.sample(.minute, at: .start, [.cpu: 0.25, .wanted: 60, .well: 60]),
            .sample(.minute, at: .start, [.cpu: 0.75, .memory: 100, .wanted: 60, .well: 0]),
            Measurement(
                time: .start, subject: "scanner", resolution: .minute,
                values: [.cpu: 0.5, .memory: 100, .wanted: 30, .well: 30], highs: [.cpu: 0.99]),
        ]
        let sum = RollUp.values(of: parts)
        #expect(sum.values == [.cpu: 0.5, .memory: 100, .wanted: 150, .well: 90])
        #expect(sum.highs == [.cpu: 0.99])
        #expect(RollUp.values(of: []).values.isEmpty)
    }

    @Test func `hours and days begin where they do, also before 1970`() {
        let hour: Int64 = 3_600_000_000_000
        for (time, begin) in [(0, 0), (hour - 1, 0), (hour, hour), (-1, -hour), (-hour, -hour)] {
            #expect(RollUp.hour(of: Timestamp(nanoseconds: time)).nanoseconds == begin)
        }
        #expect(RollUp.day(of: Timestamp(nanoseconds: -1)).nanoseconds == -24 * hour)
        #expect(RollUp.day(of: .start).description == "2026-11-22T00:00:00.000Z")
    }

    @Test func `a new hour sums up the one before, and gaps stay gaps`() async throws {
        let room = try Workroom(time: .start + .seconds(4 * 3600))
        room.open()
        for minute in 0..<60 where minute % 2 == 0 {
            try await room.write(
                .measurements([
                    .sample(.minute, at: .start + .seconds(60 * minute)),
                    .sample(.minute, "@disk", at: .start + .seconds(60 * minute), [.diskUsed: 0.5]),
                ]))
        }
        func hours() async throws -> [Measurement] {
            try await room.ask {
                $0.measurements(of: nil, .hour, since: .distantPast, limit: 99, $1)
            }
        }
        #expect(try await hours().isEmpty)
        // Two hours later: the one between has nothing.
        try await room.write(.measurements([.sample(.minute, at: .start + .seconds(3 * 3600))]))
        #expect(
            try await hours().sorted { $0.subject < $1.subject } == [
                .sample(.hour, "@disk", at: .start, [.diskUsed: 0.5]),
                .sample(.hour, at: .start, [.cpu: 0.25, .wanted: 1800, .well: 1350]),
            ])
        #expect(try await room.minutes().count == 61)
        #expect(try await room.minutes("@disk").count == 30)
    }

    @Test func `a minute in two parts becomes one`() async throws {
        let room = try Workroom()
        room.open()
        try await room.write(
            .measurements([.sample(.minute, at: .start, [.cpu: 0.5, .wanted: 20, .well: 20])]))
        try await room.reopen()
        try await room.write(
            .measurements([.sample(.minute, at: .start, [.cpu: 1, .wanted: 30, .well: 0])]))
        #expect(
            try await room.minutes() == [
                Measurement(
                    time: .start, subject: "scanner", resolution: .minute,
                    values: [.cpu: 0.75, .wanted: 50, .well: 20], highs: [.cpu: 1])
            ])
    }

    /// 26 hours in which every second minute was half well: whatever the span, no minute counts twice or is missing.
    @Test(arguments: [0, 1, 30, 60, 61, 90, 125, 1439, 1440, 1559])
    func `availability counts each minute once`(minutesAgo: Int) async throws {
        let end = Timestamp.start + .seconds(26 * 3600 + 1200)
        let room = try Workroom(time: end)
        room.open()
        let list = (0..<26 * 60 + 20).map { minute in
            Measurement.sample(
                .minute, at: .start + .seconds(60 * minute),
                [.wanted: 60, .well: minute % 2 == 0 ? 60 : 30, .restarts: 1])
        }
        try await room.write([.measurements(list), .alert(.sample(1, at: end))])
        let since = end - .seconds(60 * minutesAgo)
        let watched = try await room.ask { $0.watched(since: since, $1) }
        #expect(watched["scanner", default: Watched()].wanted == .seconds(60 * minutesAgo))
        #expect(watched.count == (minutesAgo == 0 ? 0 : 1))
        if minutesAgo % 2 == 0, minutesAgo > 0 {
            #expect(watched["scanner"]?.share?.share == 0.75)
        }
        let days = try await room.ask { $0.days(since: .start, $1) }["scanner"] ?? []
        #expect(days.map(\.restarts) == [600, 980])
        #expect(days.map(\.watched.wanted) == [.seconds(36_000), .seconds(58_800)])
        #expect(days.map(\.alerts) == [0, 1])
    }

    @Test func `a service that was never to run has no availability`() {
        #expect(Watched().share == nil)
        #expect(Watched(wanted: .seconds(60), well: .seconds(61)).share?.share == 1)
    }
}
