internal import Postgres
internal import StackModel
internal import Synchronization
internal import TestSupport
internal import Testing

@Suite(
    .enabled(if: !RealPostgres.isMissing, "PostgreSQL's server is not installed"), .ownThreads)
struct CrashTests {
    /// The server is killed in the middle of shipments, and the shipper forgets each time what it
    /// knew: everything arrives once, and in order.
    @Test func `ten thousand records arrive exactly once, whatever dies`() async throws {
        let cluster = try RealPostgres()
        defer { cluster.stop() }
        let database = try Cluster.database(in: cluster).applied()
        let url = database.url
        let delivered = Atomic(0)
        let isOver = Atomic(false)
        async let failures = onThread { () -> Int in
            var shipper = Shipper()
            var failures = 0
            var next = 1
            while next <= 10_000 {
                let last = min(next + 399, 10_000)
                let batch = (next...last).map { OutboxRecord.alert($0, id: Int64($0 % 50)) }
                let failure = shipper.ship(batch, of: .sample(), to: url, by: .patient)
                if failure == nil {
                    next = last + 1
                    delivered.store(last, ordering: .releasing)
                } else {
                    failures += 1
                    // As if the collector had died, too: what it was told is all that counts.
                    shipper = Shipper()
                    guard failure?.isRefused == false, failures < 20_000 else { break }
                }
            }
            isOver.store(true, ordering: .releasing)
            return failures
        }
        for milestone in [0, 2000, 4400, 7000] {
            _ = await holds {
                delivered.load(ordering: .acquiring) > milestone
                    || isOver.load(ordering: .acquiring)
            }
            try await onThread { Result { try cluster.crash() } }.get()
            try await onThread { Result { try cluster.start() } }.get()
        }
        // How often it was at work just then is chance.
        #expect(await failures > 0)
        #expect(
            try database.rows(
                """
                SELECT count(*), count(DISTINCT sequence), min(sequence), max(sequence)
                FROM ops.alert_events
                """
            ) == ["10000|10000|1|10000"])
        #expect(
            try database.rows(
                """
                SELECT count(*) FROM (
                    SELECT sequence, lag(sequence) OVER (ORDER BY arrival) AS earlier
                    FROM ops.alert_events) AS pair
                WHERE earlier >= sequence
                """) == ["0"])
        #expect(
            try database.rows("SELECT count(*), min(sequence) FROM ops.alerts") == ["50|9951"])
    }
}
