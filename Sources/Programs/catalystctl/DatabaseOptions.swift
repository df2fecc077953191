internal import ArgumentParser
internal import Postgres
internal import StackFile
internal import StackModel

/// Which database, and which files of SQL.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The database (better in the environment: others can see a command line).",
            valueName: "url"))
    var database: String?

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp(
            "The stack's file; .env beside it may hold DATABASE_URL.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file = defaultStackFile

    @Option(
        name: .customLong("env-file"),
        help: ArgumentHelp("Instead of .env beside the stack's file.", valueName: "file"),
        completion: .file())
    var envFile: String?

    @Option(
        help: ArgumentHelp(
            "The SQL files (default: those that came with this program).", valueName: "dir"),
        completion: .directory)
    var sql: String?

    @Flag(help: "Print the answer as JSON.")
    var json = false

    private static let names = ["CATALYST_DATABASE_URL", "DATABASE_URL"]

    /// Connects, and looks into the folder of SQL.
    func open(by deadline: ContinuousClock.Instant) throws -> OpenDatabase {
        let migrations = try MigrationFolder.at(sql).migrations()
        let url = try url(in: text())
        let connection: PostgresConnection
        do throws(PostgresError) {
            connection = try PostgresConnection(to: url, by: min(deadline, .now + .seconds(15)))
        } catch {
            throw Failure(
                "cannot connect to '\(url.place)': \(error)\n"
                    + "check DATABASE_URL, and whether the server lets this host in", .unhealthy)
        }
        return OpenDatabase(
            place: url.place, connection: connection,
            migrator: Migrator(migrations, over: connection, by: deadline))
    }

    private func url(in text: String) throws(Failure) -> PostgresURL {
        do throws(PostgresError) { return try PostgresURL(text) } catch {
            throw Failure("the database: \(error)", .usage)
        }
    }

    private func text() throws -> String {
        if let database { return database }
        let environment = environmentVariables()
        if let text = Self.text(in: environment) { return text }
        let source = StackSource(files: [file], environment: environment, envFile: envFile)
        let (values, errors) = source.variables()
        guard errors.isEmpty else {
            Output.complain(errors.lines.joined(separator: "\n"), prefix: "")
            throw ExitStatus.usage
        }
        if let text = Self.text(in: values) { return text }
        throw Failure(
            """
            no database is named: set DATABASE_URL in the environment or in \
            '\(source.envFilePath)'
            such as DATABASE_URL=postgres://user:password@host:25060/database?sslmode=require
            """, .usage)
    }

    private static func text(in variables: [String: String]) -> String? {
        names.lazy.compactMap { variables[$0] }.first { !$0.isEmpty }
    }
}

/// A database that answers, and what there is to know of its schema.
struct OpenDatabase {
    let place: String
    let connection: PostgresConnection
    let migrator: Migrator
}

extension Failure {
    /// `error` while something was done to the database.
    static func database(_ error: PostgresError) -> Failure {
        guard error.isPermissionDenied else { return Failure("\(error)", .unhealthy) }
        return Failure(
            """
            \(error)
            use the URL of the schema's owner, or let the owner run \
            'GRANT catalyst_reader TO …' for this user
            """, .notAllowed)
    }
}
