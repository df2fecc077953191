internal import LinuxSystem
internal import StackModel

/// The ledger's tables, and how an older version's become this one's. Only forward: an older catalyst leaves a newer
/// ledger alone.
enum Schema {
    /// `PRAGMA application_id`: CTLY.
    private static let application: Int64 = 0x4354_4c59

    /// Each brings the tables of the version before it, counted from 0, to its own.
    private static let migrations = [first, second]
    static var version: Int64 { Int64(migrations.count) }

    /// Makes the tables in an empty file, those of `version`.
    static func make(
        in database: Database, version: Int64 = Schema.version
    ) throws(LedgerError) {
        // Both can only be chosen before there are tables. Incremental: a drained outbox gives its disk space back.
        try database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        try configure(database)
        try database.execute("PRAGMA application_id = \(application)")
        try migrate(database, from: 0, to: Int(version))
        try database.execute(additions)
        let identity = UniqueName.random()
        try database.run(
            "INSERT INTO meta (key, value) VALUES ('identity', ?)", .text(identity))
    }

    /// Checks a file that was there, and migrates it.
    static func prepare(_ database: Database) throws(LedgerError) {
        try configure(database)
        guard try database.number("PRAGMA application_id") == application else {
            throw LedgerError(.damage, "'\(database.path)' is no ledger: another program made it")
        }
        let found = try database.number("PRAGMA user_version") ?? 0
        guard found >= 0 else {
            throw LedgerError(
                .damage, "the ledger '\(database.path)' is damaged: its version is \(found)")
        }
        guard found <= version else {
            throw LedgerError(
                .obstacle,
                "cannot use the ledger '\(database.path)': a newer catalyst made it (version \(found), "
                    + "this one knows \(version)): run that one, or move the file away")
        }
        if found < version { try migrate(database, from: Int(found), to: Int(version)) }
        try database.execute(additions)
        try check(database)
    }

    private static func configure(_ database: Database) throws(LedgerError) {
        // Exclusive: nobody's long reading makes the file beside the ledger grow, and there is no shared memory that a
        // full disk could take away. Full: a commit is an fsync.
        try database.execute(
            """
            PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA cache_size = -\(LedgerLimits.cacheKiB);
            PRAGMA mmap_size = 0;
            PRAGMA temp_store = MEMORY;
            PRAGMA journal_size_limit = \(LedgerLimits.journalBytes);
            PRAGMA wal_autocheckpoint = \(LedgerLimits.checkpointPages);
            """)
    }

    private static func migrate(
        _ database: Database, from old: Int, to new: Int
    ) throws(LedgerError) {
        do throws(LedgerError) {
            try database.execute("BEGIN IMMEDIATE")
            for step in migrations[old..<new] { try database.execute(step) }
            try database.execute("PRAGMA user_version = \(new); COMMIT")
        } catch {
            // The error that led here is the one to tell.
            if database.isInTransaction { try? database.execute("ROLLBACK") }
            throw error
        }
    }

    /// The small tables, without which nothing goes on; damage elsewhere shows when it is read.
    private static func check(_ database: Database) throws(LedgerError) {
        for table in ["meta", "silences", "unrolled", "alerts", "rollouts"] {
            let found = try database.rows("PRAGMA quick_check('\(table)')") { $0.text(0) }
            if let first = found.first, first != "ok" {
                throw LedgerError(.damage, "the ledger '\(database.path)' is damaged: \(first)")
            }
        }
    }

    /// What the release before does not need to know: it may use the ledger all the same.
    private static let additions = """
        -- Alert events of which people were not told yet, or it is not known.
        CREATE TABLE IF NOT EXISTS untold (id TEXT PRIMARY KEY) WITHOUT ROWID;
        DELETE FROM untold WHERE id NOT IN (
            SELECT id FROM alert_events ORDER BY sequence DESC LIMIT \(LedgerLimits.untoldMax));
        """

    private static let first = """
        -- identity, counters, and what there is one of.
        CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
        -- state: 0 pending, 1 firing, 2 resolved; body: JSON.
        CREATE TABLE alerts (
            id INTEGER PRIMARY KEY, state INTEGER NOT NULL, subject TEXT NOT NULL,
            since INTEGER NOT NULL, fired INTEGER, resolved INTEGER, body BLOB NOT NULL);
        CREATE INDEX alerts_open ON alerts (id) WHERE state < 2;
        CREATE INDEX alerts_resolved ON alerts (id) WHERE state = 2;
        CREATE TABLE alert_events (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
            alert INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE INDEX alert_events_alert ON alert_events (alert);
        CREATE TABLE silences (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER NOT NULL, time INTEGER NOT NULL,
            service TEXT, kind TEXT NOT NULL, priority INTEGER NOT NULL, message TEXT NOT NULL);
        -- In the order of time: each sampling touches one page, and the oldest are together.
        CREATE TABLE measurements (
            resolution INTEGER NOT NULL, time INTEGER NOT NULL, subject TEXT NOT NULL,
            measures BLOB NOT NULL, PRIMARY KEY (resolution, time, subject)) WITHOUT ROWID;
        -- Hours whose minutes are not summed up yet.
        CREATE TABLE unrolled (hour INTEGER PRIMARY KEY);
        -- kind: 0 measurement, 1 event, 2 alert event. AUTOINCREMENT: a number is never used again.
        CREATE TABLE outbox (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE INDEX outbox_kind ON outbox (kind, sequence);
        """

    private static let second = """
        -- body: JSON.
        CREATE TABLE rollouts (
            id INTEGER PRIMARY KEY, state TEXT NOT NULL, is_over INTEGER NOT NULL,
            started INTEGER NOT NULL, body BLOB NOT NULL);
        -- kind 3: a rollout, and which one; at most one record of each waits.
        ALTER TABLE outbox ADD COLUMN rollout INTEGER;
        CREATE UNIQUE INDEX outbox_rollout ON outbox (rollout) WHERE rollout IS NOT NULL;
        """
}
