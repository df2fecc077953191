internal import ArgumentParser

struct Database: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db",
        abstract: "The copy of alerts, events and measures in Postgres: its schema.",
        discussion: """
            EXAMPLES
              catalystctl db status      is the schema there, and up to date?
              catalystctl db migrate     bring it up to date

            WHICH DATABASE
              --database, or CATALYST_DATABASE_URL or DATABASE_URL of the environment,
              or those of the .env file beside the stack file. A password is never
              shown.
            """,
        subcommands: [DatabaseMigrate.self, DatabaseStatus.self],
        defaultSubcommand: DatabaseStatus.self)
}
