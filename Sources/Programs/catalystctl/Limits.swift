internal import ArgumentParser
internal import ControlProtocol

struct Limits: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "The agent's bounds, with their reasons.",
        discussion: """
            EXAMPLES
              catalystctl limits
            """)

    @OptionGroup var options: AgentOptions

    func run() throws {
        let request = ControlRequest(.limits)
        if options.json { return try options.agent.printJSON(request) }
        let limits = try options.agent.answer(to: request) { $0.limits }
        let output = Output()
        for line in LimitsPage(limits: limits).lines(on: .current()) { output.print(line) }
        try output.flush()
    }
}
