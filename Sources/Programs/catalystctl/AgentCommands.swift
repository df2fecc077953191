internal import ArgumentParser

struct AgentCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "The agent itself.",
        discussion: """
            EXAMPLES
              catalystctl agent reexec        after an upgrade: the new program takes its place
            """,
        subcommands: [AgentReexec.self])
}
