internal import ArgumentParser

/// The operator's command: asks the agent, shows the answer.
struct Catalystctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalystctl",
        abstract: "Ask catalystd how the stack is, tell it what to do, and check stack files.",
        usage: "catalystctl [--socket PATH] [<command>] [options]",
        discussion: """
            Without a command it shows the status.

            EXAMPLES
              catalystctl                     the whole stack at a glance
              catalystctl why scanner         what is wrong with scanner, and what to do
              catalystctl alerts              what is wrong now, and since when
              catalystctl top                 live: what uses how much
              catalystctl logs -f trading     follow a service's output
              catalystctl restart news        restart one service
              catalystctl deploy v5.4.0       roll that release, without losing a request
              catalystctl config check        check the stack file

            THE AGENT'S SOCKET
              --socket, or CATALYST_SOCKET, or /run/catalyst/control.sock for root, and for
              everybody else $XDG_RUNTIME_DIR/catalyst/control.sock or, without it, root's.

            EXIT STATUS
            \(ExitStatus.table)
            """,
        subcommands: [Version.self, Services.self, ReleaseCommands.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Looking",
                subcommands: [
                    Status.self, Health.self, Why.self, Top.self, Alerts.self, Events.self,
                    Logs.self, Metrics.self, History.self, Limits.self,
                    IsolationCommand.self, Verify.self, CapacityCommand.self,
                ]),
            CommandGroup(
                name: "Changing",
                subcommands: [
                    Up.self, Down.self, Start.self, Stop.self, Restart.self, Reload.self,
                    MaintenanceCommands.self, DrillCommand.self, AgentCommands.self,
                ]),
            CommandGroup(
                name: "Rolling",
                subcommands: [
                    Deploy.self, Rollback.self, ShowReleases.self, RolloutCommands.self,
                ]),
            CommandGroup(name: "Stack file", subcommands: [Config.self]),
            CommandGroup(name: "Database", subcommands: [Database.self]),
            CommandGroup(name: "Front door", subcommands: [KeyCommands.self]),
            CommandGroup(name: "Backups", subcommands: [Backup.self, Restore.self]),
        ],
        defaultSubcommand: Status.self)
}
