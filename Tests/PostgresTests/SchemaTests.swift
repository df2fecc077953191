internal import Foundation
internal import Postgres
internal import StackModel
internal import TestSupport
internal import Testing

@Suite(
    .enabled(if: !RealPostgres.isMissing, "PostgreSQL's server is not installed"), .ownThreads)
struct SchemaTests {
    @Test func `files that were applied change nothing when they are applied again`() throws {
        let database = try Cluster.database().applied()
        let look = """
            SELECT table_name, column_name, data_type FROM information_schema.columns
            WHERE table_schema = 'ops' ORDER BY 1, 2
            """
        let before = try database.rows(look)
        try database.rows("UPDATE ops.retention SET age = '7 days' WHERE relation = 'samples'")
        _ = try database.applied()
        #expect(before.count > 60)
        #expect(try database.rows(look) == before)
        #expect(try database.rows("SELECT count(*) FROM ops.migrations") == ["\(sqlFiles.count)"])
        #expect(
            try database.rows("SELECT age FROM ops.retention WHERE relation = 'samples'")
                == ["7 days"])
    }

    @Test func `each table and view says what it is`() throws {
        let database = try Cluster.database().applied()
        #expect(
            try database.rows(
                """
                SELECT relname FROM pg_class WHERE relnamespace = 'ops'::regnamespace
                    AND relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NULL
                """) == [])
    }

    @Test func `the open alerts are those that fire, the worst first`() throws {
        let database = try Cluster.database().applied()
        let time = Timestamp.now()
        let records: [OutboxRecord] = [
            .alert(1, id: 1, at: time) { $0.severity = .warning },
            .alert(2, id: 2, at: time),
            .alert(3, id: 3, at: time),
            .alert(4, id: 3, .resolved, .resolved, at: time) { $0.resolvedAt = time },
            .alert(5, id: 2, .reminded, at: time),
        ]
        let shipper = Shipper()
        #expect(shipper.ship(records, of: .sample(), to: database.url, by: .patient) == nil)
        #expect(
            try database.rows("SELECT host_name, alert_id, severity FROM ops.open_alerts")
                == ["trading-1|2|critical", "trading-1|1|warning"])
        #expect(
            try database.rows(
                """
                SELECT alert_id, state, events, reminders FROM ops.alert_history ORDER BY alert_id
                """) == ["1|firing|1|0", "2|firing|2|1", "3|resolved|2|0"])
        // The ledger of that host is lost; a new one knows nothing of the old alerts.
        let next = HostIdentity.sample("ledger-2")
        #expect(shipper.ship([], of: next, to: database.url, by: .patient) == nil)
        #expect(try database.rows("SELECT count(*) FROM ops.open_alerts") == ["0"])
    }

    @Test func `availability is the share of the wanted time that was well`() throws {
        let database = try Cluster.database().applied()
        let now = Timestamp.now()
        func minute(_ number: Int, _ wanted: Double, _ well: Double, daysAgo: Int) -> OutboxRecord {
            .measurement(
                number, .service("news"),
                at: now - .seconds(daysAgo * 86_400 + number * 60), [.wanted: wanted, .well: well])
        }
        let records = [
            minute(1, 60, 60, daysAgo: 0), minute(2, 60, 30, daysAgo: 1),
            minute(3, 30, 0, daysAgo: 29), minute(4, 60, 0, daysAgo: 31),
            minute(5, 0, 0, daysAgo: 2),
            .measurement(6, .thing(.host), at: now, [.hostCPU: 0.5]),
        ]
        let shipper = Shipper()
        #expect(shipper.ship(records, of: .sample(), to: database.url, by: .patient) == nil)
        #expect(
            try database.rows("SELECT service, share, watched, unwell FROM ops.availability_30d")
                == ["news|0.6|00:02:30|00:01:00"])
    }

    @Test func `whoever listens hears of each new alert event, once`() async throws {
        let database = try Cluster.database().applied()
        let loop = """
            DO $$ BEGIN
                FOR turn IN 1..6000 LOOP
                    EXIT WHEN EXISTS (SELECT FROM ops.hosts);
                    PERFORM pg_sleep(0.01);
                END LOOP;
            END $$
            """
        async let heard = onThread {
            try? database.cluster.psql(
                ["-c", "LISTEN catalyst_alerts", "-c", loop, "-c", "SELECT 1"], in: database.name)
        }
        let waits = """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = '\(database.name)' AND query LIKE 'DO $$%' AND state = 'active'
                AND pid <> pg_backend_pid()
            """
        #expect(try await holds { try database.rows(waits) == ["1"] })
        let long = String(repeating: "\u{1F680}", count: 5000)
        let records = [OutboxRecord.alert(7, message: "redis: away"), .alert(8, message: long)]
        let shipper = Shipper()
        #expect(
            shipper.ship([records[0]] + records, of: .sample(), to: database.url, by: .patient)
                == nil)
        let words = await heard ?? ""
        #expect(words.components(of: "Asynchronous notification").count == 3, "\(words)")
        #expect(words.contains("\"id\" : \"\(uuid(7))\""))
        #expect(words.contains("\"message\" : \"redis: away\""))
        #expect(words.contains("\"severity\" : \"critical\""))
    }

    @Test func `the agent's role can write, and remove nothing`() throws {
        let database = try Cluster.database().applied()
        let (writer, reader) = ("writer_" + database.name, "reader_" + database.name)
        try database.rows(
            """
            CREATE ROLE \(writer) LOGIN PASSWORD 'geheim' IN ROLE catalyst_writer;
            CREATE ROLE \(reader) LOGIN PASSWORD 'geheim' IN ROLE catalyst_reader
            """)
        let url = database.cluster.url(database.name, user: writer)
        let records: [OutboxRecord] = [
            .alert(1), .event(2), .measurement(3, .service("news"), at: .now(), [.cpu: 1]),
        ]
        let shipper = Shipper { Issue.record("\($0)") }
        for _ in 1...2 {
            #expect(shipper.ship(records, of: .sample(), to: url, by: .patient) == nil)
        }
        let forbidden = [
            "DELETE FROM ops.alert_events", "TRUNCATE ops.samples", "DROP TABLE ops.samples",
            "DROP SCHEMA ops CASCADE", "UPDATE ops.alert_events SET message = ''",
            "UPDATE ops.retention SET age = '1 day'", "DELETE FROM ops.alerts",
            "UPDATE ops.migrations SET checksum = ''", "CREATE TABLE ops.mine ()",
            "ALTER TABLE ops.alerts DISABLE TRIGGER ALL",
        ]
        for statement in forbidden {
            #expect(throws: NoPostgres.self, "\(statement)") {
                try database.rows(statement, user: writer)
            }
        }
        #expect(
            try database.rows("SELECT count(*) FROM ops.open_alerts", user: reader) == ["1"])
        for statement in [
            "SELECT ops.prune()", "UPDATE ops.hosts SET well = 0",
            "INSERT INTO ops.service_events VALUES ('l', 1, now(), 's', 'k', 6, 'm')",
        ] {
            #expect(throws: NoPostgres.self, "\(statement)") {
                try database.rows(statement, user: reader)
            }
        }
        // A stranger's shipment waits for its right, and says which.
        try database.rows("CREATE ROLE \(writer)_not LOGIN PASSWORD 'geheim'")
        let stranger = database.cluster.url(database.name, user: writer + "_not")
        let failure = shipper.ship([], of: .sample(), to: stranger, by: .patient)
        #expect(failure?.isRefused == false)
        #expect(failure?.words.contains("GRANT catalyst_writer TO \(writer)_not") == true)
    }

    @Test func `old rows go in bounded batches, what is still open stays`() throws {
        let database = try Cluster.database().applied()
        try database.rows(
            """
            INSERT INTO ops.samples (ledger, subject, time, measures)
            SELECT 'l', 'news', now() - interval '91 days' - n * interval '1 minute', '{}'
            FROM generate_series(1, 25) AS n;
            INSERT INTO ops.samples (ledger, subject, time, measures)
            VALUES ('l', 'news', now() - interval '89 days', '{}');
            INSERT INTO ops.hosts (ledger, host_name, stack, agent_version, wanted, well, last_seen)
            VALUES ('l', 'h', 's', 'v', 9, 9, now()),
                ('dead', 'h', 's', 'v', 9, 9, now() - interval '401 days');
            INSERT INTO ops.alerts (ledger, alert_id, rule, subject, severity, state, since,
                resolved_at, summary, sequence, changed_at)
            SELECT ledger, id, 'r', 's', 'warning', state, now() - interval '500 days',
                CASE state WHEN 'resolved' THEN now() - interval '450 days' END, '', 1,
                now() - interval '450 days'
            FROM (VALUES ('l', 1, 'firing'), ('l', 2, 'resolved'), ('dead', 3, 'firing'))
                AS old (ledger, id, state)
            """)
        let samples = "SELECT pruned FROM ops.prune(10) WHERE relation = 'samples'"
        for expected in ["10", "10", "5", "0"] {
            #expect(try database.rows(samples) == [expected])
        }
        #expect(try database.rows("SELECT count(*) FROM ops.samples") == ["1"])
        #expect(try database.rows("SELECT alert_id FROM ops.alerts") == ["1"])
        #expect(try database.rows("SELECT ledger FROM ops.hosts") == ["l"])
    }

    @Test func `the shipper deletes what is too old`() throws {
        let database = try Cluster.database().applied()
        try database.rows(
            """
            INSERT INTO ops.service_events
            VALUES ('l', 1, now() - interval '401 days', 's', 'k', 6, 'm')
            """
        )
        let shipper = Shipper { Issue.record("\($0)") }
        #expect(shipper.ship([.event(1)], of: .sample(), to: database.url, by: .patient) == nil)
        #expect(try database.rows("SELECT ledger FROM ops.service_events") == ["ledger-1"])
    }
}

extension String {
    /// The parts between the places of `mark`.
    fileprivate func components(of mark: String) -> [String] {
        components(separatedBy: mark)
    }
}
