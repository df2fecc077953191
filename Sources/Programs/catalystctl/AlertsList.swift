internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct AlertsList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The open alerts, the worst first (the default of 'alerts').",
        usage: "catalystctl alerts [<services> ...] [options]",
        discussion: """
            EXAMPLES
              catalystctl alerts
              catalystctl alerts --since 24h scanner
              catalystctl alerts --all --json | jq -r '.alert.alert.summary // empty'
            """)

    @OptionGroup var options: AgentOptions

    @Option(
        help: ArgumentHelp(
            "Also those that were open since then: 2h, 7d, or a time such as 2026-11-22T14:00:00Z.",
            valueName: "time"))
    var since: Since?

    @Flag(help: "Also all that are over, as far back as the ledger goes.")
    var all = false

    @Argument(help: "Only about these services.", completion: .services)
    var services: [ServiceName] = []

    func run() throws {
        var request = ControlRequest(
            .alerts, services: services, since: since?.timestamp(now: .now()))
        request.all = all ? true : nil
        if options.json { return try options.agent.printJSON(request) }
        var alerts: [Alert] = []
        do {
            try options.agent.ask(request) { reply, _ in
                if let alert = reply.alert?.alert { alerts.append(alert) }
            }
        } catch let error as ControlError where error.code == .unknownService {
            throw hinting(error)
        }
        let page = AlertsPage(
            alerts: alerts, program: options.agent.program, now: .now(),
            isPast: all || since != nil)
        try Output.show(page.lines(on: .current()))
    }

    /// What follows `alerts` may be a service or a misspelt command.
    private func hinting(_ error: ControlError) -> ControlError {
        let commands = Alerts.configuration.subcommands.map { $0._commandName }
        guard let word = services.first, let command = nearest(to: word.text, among: commands)
        else { return error }
        return ControlError(
            code: error.code,
            message: "\(error)\nor did you mean 'catalystctl alerts \(command)'?")
    }
}
