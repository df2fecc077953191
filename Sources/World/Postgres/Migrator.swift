/// Brings the schema `ops` up to date, or says how far it is. Blocks its thread.
package struct Migrator {
    private let migrations: [Migration]
    private let connection: PostgresConnection
    private let deadline: ContinuousClock.Instant

    /// `migrations` in the order of their versions.
    package init(
        _ migrations: [Migration], over connection: PostgresConnection,
        by deadline: ContinuousClock.Instant
    ) {
        self.migrations = migrations
        self.connection = connection
        self.deadline = deadline
    }

    package func reports() throws(PostgresError) -> [MigrationReport] {
        let rows = try appliedRows()
        var reports: [MigrationReport] = []
        for migration in migrations {
            let row = rows.first { $0[0] == "\(migration.version)" }
            let state = try state(of: migration, row)
            reports.append(
                MigrationReport(
                    version: migration.version, name: migration.name, state: state,
                    appliedAt: row?[2], appliedBy: row?[3]))
        }
        for row in rows {
            guard let version = row[0].flatMap({ Int($0) }),
                !migrations.contains(where: { $0.version == version })
            else { continue }
            reports.append(
                MigrationReport(
                    version: version, name: row[4] ?? "", state: .unknown, appliedAt: row[2],
                    appliedBy: row[3]))
        }
        return reports.sorted { $0.version < $1.version }
    }

    /// Applies what is pending, a transaction each, and returns it. `waits` is told when somebody
    /// else is at it: that is waited for.
    package func migrate(waits: () -> Void) throws -> [Migration] {
        if try value("SELECT pg_try_advisory_lock(7226, 1)") != "t" {
            waits()
            _ = try value("SELECT pg_advisory_lock(7226, 1)")
        }
        _ = try value("SET lock_timeout = '30s'")
        let reports = try reports()
        if let changed = migrations.first(where: { migration in
            reports.contains { $0.version == migration.version && $0.state == .changed }
        }) {
            throw MigrationError(
                description: """
                    '\(changed.file)' is not the file that was applied: put the old text back, and \
                    what is new into a file of its own
                    """)
        }
        var applied: [Migration] = []
        for (migration, report) in zip(migrations, reports.filter { $0.state != .unknown }) {
            switch report.state {
            case .pending:
                try apply(migration)
                applied.append(migration)
            case .unrecorded: try adopt(migration)
            case .applied, .changed, .unknown: break
            }
        }
        // The roles, or what they must be granted, may have come since.
        if try value(mayGrant) == "t" { _ = try value("SELECT ops.grant_roles()") }
        return applied
    }

    private func apply(_ migration: Migration) throws {
        let sum = try checksum(of: migration)
        _ = try connection.query(
            "SELECT set_config('catalyst.checksum', $1, false)", [sum], by: deadline)
        do throws(PostgresError) {
            try connection.run(script: migration.statements, by: deadline)
        } catch {
            var words = "cannot apply '\(migration.file)': \(error)"
            if error.isPermissionDenied {
                let user = try value("SELECT current_user") ?? "this user"
                let database = try value("SELECT current_database()") ?? "…"
                words +=
                    "\nlet the database's owner do it, or run "
                    + "'GRANT CREATE ON DATABASE \(database) TO \(user)'"
            }
            throw MigrationError(description: words)
        }
        guard try appliedRows().contains(where: { $0[0] == "\(migration.version)" }) else {
            throw MigrationError(
                description: """
                    '\(migration.file)' was applied, but does not note that in ops.migrations: let \
                    it end as '0001' does
                    """)
        }
    }

    private func adopt(_ migration: Migration) throws(PostgresError) {
        _ = try connection.query(
            "UPDATE ops.migrations SET checksum = $1 WHERE version = $2 AND checksum IS NULL",
            [try checksum(of: migration), "\(migration.version)"], by: deadline)
    }

    private func state(
        of migration: Migration, _ row: [String?]?
    ) throws(PostgresError) -> Migration.State {
        guard let row else { return .pending }
        guard let known = row[1] else { return .unrecorded }
        return known == (try checksum(of: migration)) ? .applied : .changed
    }

    /// As `sha256sum` prints it of the file. The server has the arithmetic.
    private func checksum(of migration: Migration) throws(PostgresError) -> String? {
        try connection.query(
            "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", [migration.statements],
            by: deadline
        ).first?.first ?? nil
    }

    /// Version, checksum, time, who, name; none before there is a schema.
    private func appliedRows() throws(PostgresError) -> [[String?]] {
        do throws(PostgresError) {
            return try connection.query(
                """
                SELECT version, checksum,
                    to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                    applied_by, name
                FROM ops.migrations ORDER BY version
                """, by: deadline)
        } catch  where error.isSchemaMissing {
            return []
        }
    }

    private func value(_ statement: String) throws(PostgresError) -> String? {
        try connection.query(statement, by: deadline).first?.first ?? nil
    }
}

private let mayGrant = """
    SELECT coalesce(has_function_privilege(to_regprocedure('ops.grant_roles()')::oid, 'EXECUTE'),
        false)
    """
