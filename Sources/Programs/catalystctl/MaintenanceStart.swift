internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct MaintenanceStart: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Begin a maintenance, or give the one under way another end.",
        usage: "catalystctl maintenance start --for <time> [options]",
        discussion: """
            EXAMPLES
              catalystctl maintenance start --for 30m
              catalystctl maintenance start --for 2h --reason "new disk"
            """)

    @OptionGroup var options: AgentOptions

    @Option(
        name: .customLong("for"), help: ArgumentHelp("How long: 30m, 2h, 1d.", valueName: "time"))
    var span: Span

    @Option(help: ArgumentHelp("Why, for those who look later.", valueName: "words"))
    var reason: String?

    func run() throws {
        var request = ControlRequest(.maintenanceStart)
        request.seconds = span.duration.seconds
        request.reason = reason
        if options.json { return try options.agent.printJSON(request) }
        var reply = ControlReply()
        try options.agent.ask(request) { line, _ in
            reply.maintenance = line.maintenance ?? reply.maintenance
            reply.message = line.message ?? reply.message
        }
        guard let maintenance = reply.maintenance else {
            return try Output.show(reply.message.map { [displayed($0)] } ?? [])
        }
        let page = MaintenancePage(
            maintenance: maintenance, program: options.agent.program, now: .now())
        try Output.show(page.lines(on: .current()))
    }
}
