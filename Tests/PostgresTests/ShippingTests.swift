internal import Postgres
internal import StackModel
internal import TestSupport
internal import Testing

@Suite(
    .enabled(if: !RealPostgres.isMissing, "PostgreSQL's server is not installed"), .ownThreads)
struct ShippingTests {
    @Test func `each kind of record lands in its table, and the host in its own`() throws {
        let database = try Cluster.database().applied()
        let time = Timestamp(rfc3339: "2026-11-22T14:03:00.123456789Z") ?? .now()
        let records: [OutboxRecord] = [
            .alert(1, message: "redis: it's away", at: time) { $0.blocked = ["news", "scanner"] },
            .event(2, at: time),
            .measurement(3, .service("news"), at: time, [.cpu: 0.5, .wanted: 60, .well: 45]),
        ]
        let shipper = Shipper()
        #expect(shipper.ship(records, of: .sample(), to: database.url, by: .patient) == nil)
        let utc = "SET timezone = 'UTC'; "
        #expect(
            try database.rows(
                utc + """
                    SELECT id, ledger, sequence, alert_id, kind, time, message, rule, subject,
                        severity, alert -> 'blocked' FROM ops.alert_events
                    """) == [
                    uuid(1) + "|ledger-1|1|1|fired|2026-11-22 14:03:00.123456+00|"
                        + "redis: it's away|service-down|redis|critical|[\"news\", \"scanner\"]"
                ])
        #expect(
            try database.rows(
                "SELECT alert_id, state, summary, blocked, sequence, resolved_at FROM ops.alerts")
                == ["1|firing|is away|{news,scanner}|1|"])
        #expect(
            try database.rows(
                "SELECT sequence, service, kind, priority, message FROM ops.service_events")
                == ["2|scanner|exited|4|was killed by SIGKILL"])
        #expect(
            try database.rows(
                "SELECT subject, measures ->> 'cpu', highs, wanted, well FROM ops.samples")
                == ["news|0.5|{\"cpu\": 1.0}|60|45"])
        #expect(
            try database.rows(
                "SELECT ledger, host_name, stack, wanted, well, last_sequence FROM ops.hosts")
                == ["ledger-1|trading-1|catalyst|9|8|3"])
    }

    @Test func `what is there already is left alone`() throws {
        let database = try Cluster.database().applied()
        let shipper = Shipper()
        let records = (1...50).map { OutboxRecord.alert($0, message: "first") }
        let again = (26...75).map { OutboxRecord.alert($0, message: "second") }
        #expect(shipper.ship(records, of: .sample(), to: database.url, by: .patient) == nil)
        #expect(shipper.ship(again, of: .sample(), to: database.url, by: .patient) == nil)
        #expect(
            try database.rows(
                "SELECT message, count(*) FROM ops.alert_events GROUP BY 1 ORDER BY 1")
                == ["first|50", "second|25"])
    }

    @Test func `an older state never overwrites a newer one`() throws {
        let database = try Cluster.database().applied()
        let shipper = Shipper()
        let state = "SELECT state, sequence FROM ops.alerts"
        let resolved = [OutboxRecord.alert(1), .alert(5, .resolved, .resolved)]
        #expect(shipper.ship(resolved, of: .sample(), to: database.url, by: .patient) == nil)
        #expect(try database.rows(state) == ["resolved|5"])
        let late = [OutboxRecord.alert(3, .reminded)]
        #expect(shipper.ship(late, of: .sample(), to: database.url, by: .patient) == nil)
        #expect(try database.rows(state) == ["resolved|5"])
        #expect(shipper.ship([.alert(6)], of: .sample(), to: database.url, by: .patient) == nil)
        #expect(try database.rows(state) == ["firing|6"])
    }

    @Test func `two ledgers do not meet, and a heartbeat needs no records`() throws {
        let database = try Cluster.database().applied()
        let shipper = Shipper()
        for ledger in ["one", "two"] {
            let records = [OutboxRecord.event(1), .event(2)]
            #expect(
                shipper.ship(records, of: .sample(ledger), to: database.url, by: .patient) == nil)
        }
        #expect(try database.rows("SELECT count(*) FROM ops.service_events") == ["4"])
        let seen = "SELECT last_seen FROM ops.hosts WHERE ledger = 'one'"
        let before = try database.rows(seen)
        #expect(shipper.ship([], of: .sample("one"), to: database.url, by: .patient) == nil)
        #expect(try database.rows(seen) != before)
        #expect(
            try database.rows("SELECT last_sequence FROM ops.hosts ORDER BY 1") == ["2", "2"])
    }

    @Test func `one connection carries all shipments`() throws {
        let database = try Cluster.database().applied()
        let shipper = Shipper()
        let processes = """
            SELECT count(*), min(pid) FROM pg_stat_activity
            WHERE datname = '\(database.name)' AND application_name = 'catalyst'
            """
        #expect(shipper.ship([.event(1)], of: .sample(), to: database.url, by: .patient) == nil)
        let first = try database.rows(processes)
        #expect(first.first?.hasPrefix("1|") == true)
        #expect(shipper.ship([.event(2)], of: .sample(), to: database.url, by: .patient) == nil)
        #expect(try database.rows(processes) == first)
    }

    @Test func `a connection that was lost while idle costs no shipment`() throws {
        let database = try Cluster.database().applied()
        let shipper = Shipper()
        #expect(shipper.ship([.event(1)], of: .sample(), to: database.url, by: .patient) == nil)
        let ended = """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = '\(database.name)' AND application_name = 'catalyst'
            """
        #expect(try database.rows(ended) == ["1"])
        #expect(shipper.ship([.event(2)], of: .sample(), to: database.url, by: .patient) == nil)
        #expect(try database.rows("SELECT count(*) FROM ops.service_events") == ["2"])
    }

    @Test func `what Postgres cannot keep in a text is kept in another way`() throws {
        let database = try Cluster.database().applied()
        let message = "zero \0, backslash \\u0000, quote \", \u{1F680}"
        var records = [
            OutboxRecord.alert(1, message: message) {
                $0.summary = message
                $0.evidence.lines = [
                    LogRecord(service: "redis", time: .now(), stream: .stderr, text: message)
                ]
                $0.evidence.measures = [.cpu: .infinity]
            },
            .measurement(2, .thing(.host), at: .now(), [.hostCPU: .nan, .load1: 2]),
        ]
        records.append(.event(3))
        let shipper = Shipper()
        #expect(shipper.ship(records, of: .sample(), to: database.url, by: .patient) == nil)
        let kept = "zero \u{FFFD}, backslash \\u0000, quote \", \u{1F680}"
        #expect(try database.rows("SELECT message FROM ops.alert_events") == [kept])
        #expect(try database.rows("SELECT summary FROM ops.alerts") == [kept])
        #expect(
            try database.rows(
                "SELECT alert #>> '{evidence,lines,0,text}' FROM ops.alert_events") == [kept])
        #expect(try database.rows("SELECT measures FROM ops.samples") == ["{\"load1\": 2.0}"])
    }

    @Test func `a batch that can never land is refused as a whole, and names the record`() throws {
        let database = try Cluster.database().applied()
        let broken = OutboxRecord.alert(2)
        guard case .alert(var event) = broken.content else { return }
        event.id = "no-uuid"
        let records = [.event(1), OutboxRecord(sequence: 2, content: .alert(event)), .event(3)]
        let shipper = Shipper()
        let failure = shipper.ship(records, of: .sample(), to: database.url, by: .patient)
        #expect(failure?.isRefused == true)
        #expect(failure?.words.contains("record 2") == true, "\(failure?.words ?? "")")
        #expect(try database.rows("SELECT count(*) FROM ops.service_events") == ["0"])
        #expect(shipper.ship([.event(1)], of: .sample(), to: database.url, by: .patient) == nil)
        #expect(try database.rows("SELECT count(*) FROM ops.service_events") == ["1"])
    }

    @Test func `without the schema it waits, and says what to do`() throws {
        let database = try Cluster.database()
        let shipper = Shipper()
        let failure = shipper.ship([.event(1)], of: .sample(), to: database.url, by: .patient)
        #expect(failure?.isRefused == false)
        #expect(failure?.words.contains("catalystctl db migrate") == true)
        _ = try database.applied()
        #expect(shipper.ship([.event(1)], of: .sample(), to: database.url, by: .patient) == nil)
    }

    @Test func `a lock that somebody holds ends at the time limit`() async throws {
        let database = try Cluster.database().applied()
        let holder = try PostgresConnection(to: PostgresURL(database.url), by: .patient)
        _ = try holder.query("BEGIN", by: .patient)
        _ = try holder.query("LOCK TABLE ops.service_events", by: .patient)
        let shipper = Shipper()
        let failure = shipper.ship(
            [.event(1)], of: .sample(), to: database.url, by: .now + .milliseconds(600))
        #expect(failure != nil)
        #expect(failure?.isRefused == false)
        // Nothing of it is left in the server, either.
        let waiting =
            """
            SELECT count(*) FROM pg_locks WHERE NOT granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        #expect(try await holds { try database.rows(waiting) == ["0"] })
        _ = try holder.query("ROLLBACK", by: .patient)
        #expect(shipper.ship([.event(1)], of: .sample(), to: database.url, by: .patient) == nil)
        #expect(try database.rows("SELECT count(*) FROM ops.service_events") == ["1"])
    }
}
