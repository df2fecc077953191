internal import Postgres
internal import StackModel
internal import TestSupport
internal import Testing

@Suite(
    .enabled(if: !RealPostgres.isMissing, "PostgreSQL's server is not installed"), .ownThreads)
struct RolloutTests {
    @Test func `a rollout is kept as it is now, with what became of each service`() throws {
        let database = try Cluster.database().applied()
        let time = Timestamp(rfc3339: "2026-11-22T14:03:00.123456789Z") ?? .now()
        let shipper = Shipper()
        let began = OutboxRecord.rollout(1, at: time) { rollout in
            rollout.release = "20261122T140300Z-3f2a91c"
            rollout.previousRelease = "20261121T090000Z-00c0ffe"
            rollout.reason = "it's \0 urgent"
            rollout.steps = [
                RolloutStep("scanner", .source, .canary),
                RolloutStep("news", .definition, .stopFirst),
            ]
        }
        #expect(shipper.ship([began], of: .sample(), to: database.url, by: .patient) == nil)
        let look = """
            SET timezone = 'UTC'; SELECT ledger, rollout_id, kind, state, release,
                previous_release, asked_by, reason, started_at, finished_at, message, sequence
            FROM ops.rollouts
            """
        let start =
            "ledger-1|1|deploy|running|20261122T140300Z-3f2a91c|20261121T090000Z-00c0ffe|ada|"
            + "it's \u{FFFD} urgent|2026-11-22 14:03:00.123456+00||"
        #expect(try database.rows(look) == [start + "|1"])
        guard case .rollout(var rollout) = began.content else { return }
        rollout.state = .failed
        rollout.finishedAt = time - .seconds(-61)
        rollout.message = "scanner: exited with code 3"
        rollout.steps[0].phase = .rolledBack
        rollout.steps[0].problem = "exited with code 3"
        rollout.steps[1].phase = .skipped
        let ended = OutboxRecord(sequence: 9, content: .rollout(rollout))
        #expect(shipper.ship([ended], of: .sample(), to: database.url, by: .patient) == nil)
        #expect(
            try database.rows(
                """
                SELECT state, finished_at - started_at, message, sequence,
                    services #>> '{0,service}', services #>> '{0,phase}',
                    services #>> '{0,problem}', services #>> '{1,phase}' FROM ops.rollouts
                """) == [
                    "failed|00:01:01|scanner: exited with code 3|9|scanner|rolled-back|"
                        + "exited with code 3|skipped"
                ])
        #expect(
            try database.rows(
                """
                SELECT host_name, rollout_id, state, took, services, done, rolled_back
                FROM ops.rollout_history
                """) == ["trading-1|1|failed|00:01:01|2|0|1"])
    }

    @Test func `the newest sequence wins, in one shipment and over several`() throws {
        let database = try Cluster.database().applied()
        let shipper = Shipper()
        func state() throws -> [String] {
            try database.rows("SELECT rollout_id, state, sequence FROM ops.rollouts ORDER BY 1")
        }
        let records: [OutboxRecord] = [
            .rollout(4), .event(5), .rollout(6, id: 2, .paused), .rollout(7, .succeeded),
        ]
        for _ in 1...2 {
            #expect(shipper.ship(records, of: .sample(), to: database.url, by: .patient) == nil)
            #expect(try state() == ["1|succeeded|7", "2|paused|6"])
        }
        // A shipment that was on its way for long.
        let late: [OutboxRecord] = [.rollout(3, .preparing), .rollout(8, id: 2, .cancelled)]
        #expect(shipper.ship(late, of: .sample(), to: database.url, by: .patient) == nil)
        #expect(try state() == ["1|succeeded|7", "2|cancelled|8"])
        // Another ledger counts its own.
        let other = HostIdentity.sample("ledger-2")
        #expect(shipper.ship([.rollout(1)], of: other, to: database.url, by: .patient) == nil)
        #expect(try database.rows("SELECT count(*) FROM ops.rollouts") == ["3"])
    }

    @Test func `the agent's role writes rollouts, who only looks sees their history`() throws {
        let database = try Cluster.database().applied()
        let (writer, reader) = ("writer_" + database.name, "reader_" + database.name)
        try database.rows(
            """
            CREATE ROLE \(writer) LOGIN PASSWORD 'geheim' IN ROLE catalyst_writer;
            CREATE ROLE \(reader) LOGIN PASSWORD 'geheim' IN ROLE catalyst_reader
            """)
        let url = database.cluster.url(database.name, user: writer)
        let shipper = Shipper()
        for record in [OutboxRecord.rollout(1), .rollout(2, .succeeded)] {
            #expect(shipper.ship([record], of: .sample(), to: url, by: .patient) == nil)
        }
        for user in [writer, reader] {
            #expect(
                try database.rows("SELECT state FROM ops.rollout_history", user: user)
                    == ["succeeded"])
            #expect(throws: NoPostgres.self) {
                try database.rows("DELETE FROM ops.rollouts", user: user)
            }
        }
    }
}
