internal import ArgumentParser
internal import ControlProtocol

struct MaintenanceCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance",
        abstract: "A time in which you work on the machine and alerts are not told.",
        discussion: """
            Alerts go on being kept; what still fires at its end is told then. That it has not been
            ended in time is an alert itself.

            EXAMPLES
              catalystctl maintenance                 is one under way?
              catalystctl maintenance start --for 30m --reason "new disk"
              catalystctl maintenance end
            """,
        subcommands: [MaintenanceShow.self, MaintenanceStart.self, MaintenanceEnd.self],
        defaultSubcommand: MaintenanceShow.self)
}

struct MaintenanceEnd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "End the maintenance: what still fires is told now.",
        discussion: """
            EXAMPLES
              catalystctl maintenance end
            """)

    @OptionGroup var options: AgentOptions

    func run() throws {
        try options.agent.change(ControlRequest(.maintenanceEnd), isJSON: options.json)
    }
}
