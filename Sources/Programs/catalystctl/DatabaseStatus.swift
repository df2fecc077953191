internal import ArgumentParser
internal import JSONLines
internal import Postgres

struct DatabaseStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Is the schema 'ops' there and up to date, and who may do what in it?",
        discussion: """
            EXAMPLES
              catalystctl db status
              catalystctl db status --json | jq -r '.migrations[] | select(.state != "applied")'

            EXIT STATUS
              0 up to date; 1 not, or not reached; 2 no database named; 4 not allowed to look
            """)

    @OptionGroup var options: DatabaseOptions

    func run() throws {
        let deadline = ContinuousClock.now + .seconds(30)
        let database = try options.open(by: deadline)
        let standing: DatabaseStanding
        do throws(PostgresError) {
            standing = try database.standing(by: deadline)
        } catch {
            throw Failure.database(error)
        }
        let output = Output()
        if options.json {
            output.write(try JSONLines.encode(standing))
        } else {
            for line in DatabasePage(standing: standing).lines(on: .current()) {
                output.print(line)
            }
        }
        try output.flush()
        if !standing.isUpToDate { throw ExitStatus.unhealthy }
    }
}

/// How the schema is: what `db status --json` prints.
struct DatabaseStanding: Encodable {
    /// `host:port/database`
    let database: String
    let isEncrypted: Bool
    let serverVersion: String?
    let migrations: [MigrationReport]
    /// Absent: there is no schema.
    let rights: Rights?

    var isUpToDate: Bool {
        migrations.allSatisfy { ![.pending, .changed].contains($0.state) }
    }
}

extension OpenDatabase {
    func standing(
        by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> DatabaseStanding {
        let version = try connection.query("SHOW server_version", by: deadline).first?.first ?? nil
        return DatabaseStanding(
            database: place, isEncrypted: connection.isEncrypted,
            serverVersion: version?.split(separator: " ").first.map(String.init),
            migrations: try migrator.reports(),
            rights: try Rights.read(over: connection, by: deadline))
    }
}
