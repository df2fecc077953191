internal import ArgumentParser
internal import JSONLines
internal import Postgres

struct DatabaseMigrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the schema 'ops' up to date.",
        discussion: """
            Each file of sql/ that is not there yet is applied, in a transaction of its
            own. Two that do so at once wait for each other. What psql applied is
            recognised.

            EXAMPLES
              catalystctl db migrate
              DATABASE_URL=postgres://owner@db/trading catalystctl db migrate --sql ./sql

            EXIT STATUS
              0 up to date; 1 not; 2 no database named; 4 this database user may not
            """)

    @OptionGroup var options: DatabaseOptions

    func run() throws {
        let database = try options.open(by: .now + .seconds(600))
        let applied: [Migration]
        do {
            applied = try database.migrator.migrate {
                Output.complain("somebody else migrates '\(database.place)', waiting")
            }
        } catch let error as PostgresError {
            throw Failure.database(error)
        } catch let error as MigrationError {
            throw Failure(error.description, .unhealthy)
        }
        let notices = database.connection.takeNotices()
        let output = Output()
        if options.json {
            output.write(
                try JSONLines.encode(Migrated(applied: applied.map(\.file), notices: notices)))
        } else {
            for migration in applied { output.print("applied \(displayed(migration.file))") }
            let verdict = applied.isEmpty ? "was up to date" : "up to date"
            let line = "\(displayed(database.place)): \(verdict)"
            for part in line.wrapped(to: Terminal.current().width) { output.print(part) }
        }
        try output.flush()
        if !options.json, !notices.isEmpty {
            Output.complain(notices.joined(separator: "\n"), prefix: "")
        }
    }
}

/// What `db migrate --json` prints.
private struct Migrated: Encodable {
    /// The files.
    let applied: [String]
    /// What the server remarked.
    let notices: [String]
}
