internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract:
            "Why a service is as it is: cause, last answer, last events, last lines, what to do.",
        discussion: """
            EXAMPLES
              catalystctl why scanner
              catalystctl why trading --json | jq -r '.why.chain[]'
            """)

    @OptionGroup var options: AgentOptions

    @Argument(help: "The service.", completion: .services)
    var service: ServiceName

    func run() throws {
        let request = ControlRequest(.why, services: [service])
        if options.json { return try options.agent.printJSON(request) }
        let explanation = try options.agent.answer(to: request) { $0.why }
        let output = Output()
        let page = WhyPage(explanation: explanation, program: options.agent.program, now: .now())
        for line in page.lines(on: .current()) { output.print(line) }
        try output.flush()
    }
}
