internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Is it healthy? One line a service; the exit status says it to scripts.",
        discussion: """
            EXAMPLES
              catalystctl health                      all services
              catalystctl health scanner && echo ok   one of them, in a script
            """)

    @OptionGroup var options: AgentOptions

    @Argument(help: "Only these services.", completion: .services)
    var services: [ServiceName] = []

    func run() throws {
        let output = Output()
        var answer: StackStatus?
        try options.agent.ask(ControlRequest(.health, services: services)) { reply, line in
            answer = reply.status ?? answer
            if options.json { try output.print(line: line) }
        }
        try output.flush()
        guard let answer else { throw Failure("the agent's answer holds no status", .noAgent) }
        let status = try options.agent.only(services, of: answer)
        if !options.json {
            for line in HealthPage(status: status).lines(on: .current()) { output.print(line) }
        }
        try output.flush()
        if !status.isWell { throw ExitStatus.unhealthy }
    }
}
