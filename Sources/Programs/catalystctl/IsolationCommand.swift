internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct IsolationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "isolation",
        abstract: "How well services are shut in: what is in force, what is missing.",
        discussion: """
            Looks at the running processes, not at the stack file. Ten measures for each service; what
            the stack file opens on purpose is shown with '·' and counted as neither.

            EXAMPLES
              catalystctl isolation            all services, a line each
              catalystctl isolation news       one of them, measure by measure
              catalystctl isolation --json | jq '.isolation.findings[]? | select(.standing == "missing")'

            EXIT STATUS
              0 nothing is missing; 1 something is; 5 nothing is missing that could be looked at
            """)

    @OptionGroup var options: AgentOptions

    @Argument(help: "Only these services.", completion: .services)
    var services: [ServiceName] = []

    func run() throws {
        let request = ControlRequest(.isolation, services: services)
        if options.json { return try options.agent.printJSON(request) }
        var reports: [IsolationReport] = []
        try options.agent.ask(request) { reply, _ in
            if let report = reply.isolation { reports.append(report) }
        }
        let page = IsolationPage(reports: reports, program: options.agent.program)
        let isDetailed = services.count == 1
        let terminal = Terminal.current()
        try Output.show(isDetailed ? page.details(on: terminal) : page.overview(on: terminal))
        if reports.contains(where: { $0.count(.missing) > 0 }) { throw ExitStatus.unhealthy }
        if reports.contains(where: { $0.count(.unknown) > 0 }) { throw ExitStatus.unchecked }
    }
}
