import FoundationEssentials
import Glibc
import StackModel
import Synchronization
import Testing

@testable import Ledger

/// What is wrong with the file is said, and costs as little as can be.
struct FaultTests {
    enum Damage: String, CaseIterable {
        case randomBytes, randomMiddle, truncated, empty, text, directory, onlyTheFileBeside
    }

    @Test(arguments: Damage.allCases)
    func `a damaged ledger is kept aside, and a new one started`(damage: Damage) async throws {
        let room = try Workroom()
        room.open()
        let identity = try await room.contents().identity
        try await room.write((1...2000).map { .alert(.sample($0)) })
        room.close()
        let good = FileManager.default.contents(atPath: room.path)
        try inflict(damage, room.path)

        let contents = try await room.reopen()
        #expect(contents.identity != identity)
        #expect(contents.openAlerts.isEmpty)
        #expect(room.failures.isEmpty)
        let aside = try #require(room.asides.first)
        #expect(aside == room.path + ".corrupt-20261122T140000Z")
        let kept = damage == .onlyTheFileBeside ? aside + "-wal" : aside
        #expect(access(kept, F_OK) == 0)
        if damage == .truncated {
            let bytes = try #require(FileManager.default.contents(atPath: aside))
            #expect(good?.prefix(bytes.count) == bytes)
        }
        #expect(try await room.write(.alert(.sample(1))) == .durable(duplicates: 0))
        #expect(try await room.reopen().openAlerts == [.sample(1)])
        #expect(room.asides.isEmpty)
    }

    @Test func `damage that shows while it runs is no end either`() async throws {
        let room = try Workroom()
        room.open()
        try await room.write((1...3000).map { .event(.sample($0)) })
        try await room.reopen()
        // Not in SQLite's cache yet.
        try scramble(room.path, from: 8192)
        let receipt = try await room.write((1...3000).map { .event(.sample($0)) })
        #expect(receipt == .durable(duplicates: 0))
        let answer = try? await room.ask { $0.events(of: nil, tail: 9999, $1) }
        try await eventually("a new ledger") { room.allContents.count == 2 }
        #expect(room.asides.count == 1)
        if let answer { #expect(answer.count == 3000) }
        #expect(try await room.write(.event(.sample(1))) == .durable(duplicates: 0))
    }

    @Test func `only the newest damaged ledgers are kept`() async throws {
        let room = try Workroom()
        for minute in 0..<6 {
            room.set(.start + .seconds(60 * minute))
            try Data("no ledger".utf8).write(to: URL(filePath: room.path))
            try await room.reopen()
        }
        room.close()
        let kept = try FileManager.default.contentsOfDirectory(atPath: room.directory)
            .filter { $0.contains("corrupt") && !$0.hasSuffix("-wal") }.sorted()
        #expect(
            kept == (3...5).map { "ledger.db.corrupt-20261122T140\($0)00Z" })
    }

    @Test func `a ledger of a newer version is left alone`() async throws {
        let room = try Workroom()
        room.open()
        let identity = try await room.contents().identity
        room.close()
        let database = try Database(path: room.path)
        try database.execute("PRAGMA user_version = 99")
        database.close()
        room.open()
        try await eventually("a word") { !room.failures.isEmpty }
        #expect(
            room.failures == [
                "cannot use the ledger '\(room.path)': a newer catalyst made it (version 99, this "
                    + "one knows \(Schema.version)): run that one, or move the file away"
            ])
        let receipt = try await room.write(.event(.sample(1)))
        #expect(receipt == .failed(room.failures[0]))
        await #expect(throws: LedgerError.self) {
            try await room.ask { $0.alerts(.open, $1) }
        }
        #expect(room.asides.isEmpty)
        // The newer catalyst is gone, and the file made usable: what waited is written.
        try await eventually("the version") {
            guard let database = try? Database(path: room.path) else { return false }
            defer { database.close() }
            return (try? database.execute("PRAGMA user_version = \(Schema.version)")) != nil
        }
        try await eventually("mended") { room.events.contains(.mended) }
        #expect(room.allContents.last?.identity == identity)
        #expect(try await room.ask { $0.events(of: nil, tail: 9, $1) } == [.sample(1)])
    }

    @Test func `a version that cannot be is damage`() async throws {
        let room = try Workroom()
        room.open()
        _ = try await room.contents()
        room.close()
        let database = try Database(path: room.path)
        try database.execute("PRAGMA user_version = -7")
        database.close()
        _ = try await room.reopen()
        #expect(room.asides.count == 1)
    }

    @Test(arguments: [
        ("events", "-1"), ("nextAlertID", "9223372036854775807"), ("measurements", "[]"),
        ("outboxRows", "9223372036854775807"),
    ])
    func `counts that cannot be are damage`(key: String, value: String) async throws {
        let room = try Workroom()
        room.open()
        _ = try await room.contents()
        room.close()
        let database = try Database(path: room.path)
        try database.execute(
            """
            UPDATE meta SET value = CAST(json_set(CAST(value AS TEXT), '$.\(key)', json('\(value)')) AS BLOB)
            WHERE key = 'tallies'
            """)
        database.close()
        _ = try await room.reopen()
        #expect(room.asides.count == 1)
    }

    @Test func `another program's file is kept aside`() async throws {
        let room = try Workroom()
        close(Glibc.open(room.path, O_CREAT | O_WRONLY, 0o600))
        let other = try Database(path: room.path)
        try other.execute("CREATE TABLE cookies (name)")
        other.close()
        room.open()
        _ = try await room.contents()
        #expect(room.asides.count == 1)
    }

    @Test func `two agents do not share a ledger`() async throws {
        let room = try Workroom()
        room.open()
        _ = try await room.contents()
        #expect(throws: LedgerError.self) {
            let second = try Database(path: room.path)
            defer { second.close() }
            do throws(LedgerError) {
                try second.execute("BEGIN IMMEDIATE")
            } catch {
                #expect(error.kind == .obstacle)
                #expect("\(error)".hasSuffix("end the other program that has it open"))
                throw error
            }
        }
    }

    @Test func `a ledger that is taken away is made anew, with what was not written`() async throws
    {
        let room = try Workroom()
        room.open()
        let identity = try await room.contents().identity
        try await room.write(.alert(.sample(1)))
        for name in ["ledger.db", "ledger.db-wal"] { unlink("\(room.directory)/\(name)") }
        #expect(try await room.write(.alert(.sample(2))) == .durable(duplicates: 0))
        #expect(room.allContents.count == 2)
        let contents = try await room.reopen()
        #expect(contents.identity != identity)
        #expect(contents.openAlerts.map(\.id) == [2])
    }

    @Test func `an impossible entry costs only the write it is in`() async throws {
        let room = try Workroom()
        room.open()
        _ = try await room.contents()
        room.close()
        let database = try Database(path: room.path)
        try database.execute(
            """
            CREATE TRIGGER unlucky BEFORE INSERT ON silences WHEN new.id = 13
            BEGIN SELECT raise(ABORT, 'unlucky'); END
            """)
        database.close()
        room.open()
        let keeper = try room.keeper
        let receipts = Mutex<[LedgerReceipt]>([])
        // Together: what stands still first lets all of them come into one transaction.
        keeper.write(preparing: {
            for id in 11...14 {
                let silence = Silence(id: Int64(id), subjects: nil, until: .start, reason: "")
                keeper.write([.event(.sample(UInt64(id))), .silence(silence)]) { receipt in
                    receipts.withLock { $0.append(receipt) }
                }
            }
            return []
        })
        try await eventually("all are told") { receipts.withLock { $0.count } == 4 }
        let durable = receipts.withLock { $0.map { $0 == .durable(duplicates: 0) } }
        #expect(durable == [true, true, false, true])
        let events = try await room.ask { $0.events(of: nil, tail: 9, $1) }
        #expect(events.map(\.id) == [11, 12, 14])
        #expect(room.failures.isEmpty)
        #expect(try await room.reopen().silences.map(\.id) == [11, 12, 14])
    }

    @Test(.disabled(if: geteuid() == 0, "root may write everything"))
    func `a file that may not be written is said once, and mends`() async throws {
        let room = try Workroom()
        room.open()
        _ = try await room.contents()
        room.close()
        chmod(room.path, 0o400)
        try await refusal(room, mend: { chmod(room.path, 0o600) })
    }

    @Test func `a place that cannot be is said once, and mends`() async throws {
        let room = try Workroom()
        // For root, too: a file where the directory should be.
        close(Glibc.open(room.directory + "/state", O_CREAT | O_WRONLY, 0o600))
        let inner = try Workroom(in: room.directory + "/state")
        try await refusal(inner, mend: { unlink(room.directory + "/state") })
        inner.close()
    }

    private func refusal(_ room: Workroom, mend: () -> Void) async throws {
        room.open()
        for id in 1...20 {
            guard case .failed(let words) = try await room.write(.event(.sample(UInt64(id)))) else {
                Issue.record("it was written")
                return
            }
            #expect(words.contains(room.path) && words.contains("let the agent's user write there"))
        }
        #expect(room.failures.count == 1)
        mend()
        try await eventually("mended") { room.events.contains(.mended) }
        #expect(room.failures.count == 1)
        let events = try await room.ask { $0.events(of: nil, tail: 99, $1) }
        #expect(events.map(\.id) == Array(1...20))
    }

    private func inflict(_ damage: Damage, _ path: String) throws {
        switch damage {
        case .randomBytes: try scramble(path, from: 0)
        case .randomMiddle: try scramble(path, from: 4096)
        case .truncated: truncate(path, 40_000)
        case .empty: truncate(path, 0)
        case .text:
            try Data("id,name\n1,scanner\n".utf8).write(to: URL(filePath: path))
        case .directory:
            unlink(path)
            mkdir(path, 0o700)
        case .onlyTheFileBeside: rename(path, path + "-wal")
        }
    }

    private func scramble(_ path: String, from offset: Int) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        for index in offset..<bytes.count {
            bytes[index] = UInt8(truncatingIfNeeded: index &* 167 >> 3)
        }
        let descriptor = Glibc.open(path, O_WRONLY)
        defer { Glibc.close(descriptor) }
        #expect(
            bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count)
    }
}
