internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "What the services wrote, merged by time.",
        discussion: """
            EXAMPLES
              catalystctl logs --tail 50 scanner          the last fifty lines of one
              catalystctl logs -f                         all of them, as it comes
              catalystctl logs --since 10m --grep ERROR   lines with this text
              catalystctl logs --json news | jq -r .log.text
            """)

    @OptionGroup var options: AgentOptions
    @OptionGroup var stream: StreamOptions

    @Option(help: ArgumentHelp("Only lines that contain this text.", valueName: "text"))
    var grep: String?

    func run() throws {
        let request = ControlRequest(
            .logs, services: stream.services, follow: stream.follow ? true : nil,
            since: stream.since?.timestamp(now: .now()), tail: stream.tail, grep: grep)
        if options.json { return try options.agent.printJSON(request) }
        let output = Output()
        defer { output.flushOrForget() }
        var lines = LogLines(terminal: .current(), names: stream.services)
        try options.agent.ask(request, whenIdle: { try output.flush() }) { reply, _ in
            if let record = reply.log { output.print(lines.line(record)) }
            try output.flushIfLarge()
        }
        try output.flush()
    }
}
