import FoundationEssentials
import Glibc
import StackModel
import Synchronization
import Testing

@testable import Ledger

/// What was said to be on the disk is there, whenever the agent was killed.
struct KillTests {
    @Test func `kill -9 at any moment loses nothing and repeats nothing`() async throws {
        let room = try Workroom()
        let directory = room.directory
        for round in 0..<12 {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [directory = directory as String, round = round as Int] in
                writeUntilKilled(directory, round)
            }
            try checkBareFile(room)
        }
        try await room.reopen()
        let acknowledged = try ids(room.directory + "/acknowledged")
        #expect(acknowledged.count >= 8)
        var shipped: [String] = []
        for case .alert(let event) in try await room.outbox().map(\.content) {
            shipped.append(event.id)
        }
        #expect(Set(shipped).count == shipped.count)
        #expect(Set(acknowledged).isSubset(of: shipped))
        // In order: each round's were numbered as they were written.
        let numbers = shipped.map { $0.split(separator: "-").compactMap { Int($0) } }
        #expect(numbers == numbers.sorted { $0.lexicographicallyPrecedes($1) })
        let events = try await room.ask { $0.events(of: nil, tail: 100_000, $1) }
        #expect(events.count == shipped.count)
        let alerts = try await room.ask { $0.alerts(.open, $1) }
        #expect(Set(alerts.map(\.id)) == Set(numbers.map { Int64($0[0] * 1_000_000 + $0[1]) }))
        #expect(room.asides.isEmpty && room.failures.isEmpty)
    }

    /// With SQLite's own eyes.
    private func checkBareFile(_ room: Workroom) throws {
        // Killed before it was made: nothing is there, not half of it.
        guard access(room.path, F_OK) == 0 else { return }
        let database = try Database(path: room.path)
        defer { database.close() }
        #expect(try database.rows("PRAGMA integrity_check") { $0.text(0) } == ["ok"])
        let kept = try database.rows("SELECT id FROM alert_events ORDER BY sequence") { $0.text(0) }
        #expect(Set(try ids(room.directory + "/acknowledged")).isSubset(of: kept))
        let tallies = try database.rows("SELECT value FROM meta WHERE key = 'tallies'") {
            Stored.value(Tallies.self, $0.blob(0))
        }
        let count = tallies.first ?? Tallies()
        #expect(count.alertEvents == kept.count)
        #expect(try database.number("SELECT count(*) FROM outbox") == Int64(count.outboxRows))
    }

    private func ids(_ path: String) throws -> [String] {
        let text = FileManager.default.contents(atPath: path) ?? Data()
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// Alert after alert into the ledger in `directory`, each id noted as soon as it is said to be durable.
private func writeUntilKilled(_ directory: String, _ round: Int) {
    let notes = open(directory + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    // In some rounds while the ledger is being made and opened, in the others in the midst of writing.
    let isEarly = round < 4
    let isKilled = Atomic(isEarly)
    let waiting = Atomic(0)
    let ledger = LedgerKeeper(path: directory + "/ledger.db", report: { _ in })
    if isEarly { startKiller(after: .random(in: 0...5000)) }
    for number in 0... {
        let id = "\(round)-\(number)"
        let alert = Alert.sample(Int64(round * 1_000_000 + number))
        waiting.add(1, ordering: .relaxed)
        ledger.write([
            .alert(alert), .alertEvent(.sample(id, alert: alert)),
            .event(.sample(UInt64(number))),
            .measurements([.sample(.minute, at: .start + .seconds(60 * number))]),
        ]) { receipt in
            waiting.subtract(1, ordering: .relaxed)
            guard case .durable = receipt else { return }
            _ = (id + "\n").withCString { write(notes, $0, strlen($0)) }
            let wasKilled = isKilled.exchange(true, ordering: .relaxed)
            if !wasKilled { startKiller(after: .random(in: 0...60_000)) }
        }
        while waiting.load(ordering: .relaxed) > 20 { usleep(100) }
    }
}

private func startKiller(after delay: UInt32) {
    var thread = pthread_t()
    let argument = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
    argument.pointee = delay
    pthread_create(
        &thread, nil,
        { argument in
            usleep(argument?.load(as: UInt32.self) ?? 0)
            kill(getpid(), SIGKILL)
            return nil
        }, argument)
}
