internal import ArgumentParser

struct Alerts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "What is wrong: alerts, their evidence, and who is told of them.",
        discussion: """
            Without a command it lists the open ones, the worst first. The exit status is 0
            also while some are open: for scripts there is 'catalystctl health'.

            EXAMPLES
              catalystctl alerts                      what is wrong now
              catalystctl alerts --since 24h          and what was, since yesterday
              catalystctl alerts show 12              all that is known about one
              catalystctl alerts ack 12               I have seen it, do not remind me
              catalystctl alerts silence news --for 2h
              catalystctl alerts test                 do alerts arrive?
            """,
        subcommands: [
            AlertsList.self, AlertsShow.self, AlertsAcknowledge.self, AlertsSilence.self,
            AlertsUnsilence.self, AlertsTest.self,
        ],
        defaultSubcommand: AlertsList.self)
}
