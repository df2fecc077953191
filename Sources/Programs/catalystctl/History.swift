internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "How available services were: 24 hours, 30 days, and each day.",
        discussion: """
            EXAMPLES
              catalystctl history             all services, a bar for each day
              catalystctl history scanner     one of them, a line for each day
              catalystctl history --json | jq '.history.availability.month.share // empty'
            """)

    @OptionGroup var options: AgentOptions

    @Argument(help: "Only these services.", completion: .services)
    var services: [ServiceName] = []

    func run() throws {
        let request = ControlRequest(.history, services: services)
        if options.json { return try options.agent.printJSON(request) }
        var histories: [ServiceHistory] = []
        try options.agent.ask(request) { reply, _ in
            if let history = reply.history { histories.append(history) }
        }
        let page = HistoryPage(
            histories: histories, program: options.agent.program, isDetailed: services.count == 1)
        try Output.show(page.lines(on: .current()))
    }
}
