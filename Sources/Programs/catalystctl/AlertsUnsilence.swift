internal import ArgumentParser
internal import ControlProtocol

struct AlertsUnsilence: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unsilence",
        abstract: "End a silence: what still fires is told now.",
        usage: "catalystctl alerts unsilence <alert|service> [options]",
        discussion: """
            EXAMPLES
              catalystctl alerts unsilence 12
              catalystctl alerts unsilence news
            """)

    @OptionGroup var options: AgentOptions

    @Argument(help: AlertTarget.help, completion: .services, transform: AlertTarget.init(argument:))
    var target: AlertTarget

    func run() throws {
        var request = target.request(.silence)
        request.seconds = 0
        try options.agent.change(request, isJSON: options.json)
    }
}
