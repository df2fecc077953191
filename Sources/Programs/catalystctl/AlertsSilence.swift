internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct AlertsSilence: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silence",
        abstract: "Keep alerts, but tell nobody of them, for some time.",
        usage: "catalystctl alerts silence <alert|service> --for <time> [options]",
        discussion: """
            What still fires when the time is over is told then.

            EXAMPLES
              catalystctl alerts silence 12 --for 2h
              catalystctl alerts silence news --for 1d --reason "provider is down"
              catalystctl alerts silence @backup --for 12h
            """)

    @OptionGroup var options: AgentOptions

    @Option(
        name: .customLong("for"), help: ArgumentHelp("How long: 30m, 2h, 1d.", valueName: "time"))
    var span: Span

    @Option(help: ArgumentHelp("Why, for those who look later.", valueName: "words"))
    var reason: String?

    @Argument(help: AlertTarget.help, completion: .services, transform: AlertTarget.init(argument:))
    var target: AlertTarget

    func run() throws {
        var request = target.request(.silence)
        request.seconds = span.duration.seconds
        request.reason = reason
        try options.agent.change(request, isJSON: options.json)
    }
}
