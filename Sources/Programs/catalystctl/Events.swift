internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "What happened: starts, exits, verdicts, commands.",
        discussion: """
            EXAMPLES
              catalystctl events --tail 20           the last ones
              catalystctl events -f                  and what comes
              catalystctl events --since 7d scanner  as far back as the ledger goes
              catalystctl events --json | jq -r 'select(.event.kind == "exited") | .event.message'
            """)

    @OptionGroup var options: AgentOptions
    @OptionGroup var stream: StreamOptions

    func run() throws {
        let request = ControlRequest(
            .events, services: stream.services, follow: stream.follow ? true : nil,
            since: stream.since?.timestamp(now: .now()), tail: stream.tail)
        if options.json { return try options.agent.printJSON(request) }
        try options.agent.show(request)
    }
}
