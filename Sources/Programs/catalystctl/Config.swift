internal import ArgumentParser

struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check, show and compare stack files.",
        discussion: """
            EXAMPLES
              catalystctl config check     is the stack file in order?
              catalystctl config show      what the agent runs, secrets hidden
              catalystctl config diff      what a reload would restart
            """,
        subcommands: [ConfigCheck.self, ConfigShow.self, ConfigResolve.self, ConfigDiff.self])
}
