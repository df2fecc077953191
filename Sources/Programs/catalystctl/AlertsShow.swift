internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct AlertsShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "All that is known about an alert: evidence, its life, what to do.",
        discussion: """
            EXAMPLES
              catalystctl alerts show 12
              catalystctl alerts show 12 --json | jq .alert.alert.evidence
            """)

    @OptionGroup var options: AgentOptions

    @Argument(help: "The alert's number.")
    var id: RecordNumber

    func run() throws {
        var request = ControlRequest(.alerts)
        request.alert = id.number
        if options.json { return try options.agent.printJSON(request) }
        let reply = try options.agent.answer(to: request) { $0.alert }
        let page = AlertPage(reply: reply, program: options.agent.program, now: .now())
        try Output.show(page.lines(on: .current()))
    }
}
