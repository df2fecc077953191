internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct AlertsAcknowledge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack",
        abstract: "Say that you have seen an alert: it is not reminded of again.",
        usage: "catalystctl alerts ack <alert> [options]",
        discussion: """
            EXAMPLES
              catalystctl alerts ack 12
              catalystctl alerts ack 12 --reason "new disk is ordered"
            """)

    @OptionGroup var options: AgentOptions

    @Option(help: ArgumentHelp("Why, for those who look later.", valueName: "words"))
    var reason: String?

    @Argument(help: "The alert's number.")
    var id: RecordNumber

    func run() throws {
        var request = ControlRequest(.acknowledge)
        request.alert = id.number
        request.reason = reason
        try options.agent.change(request, isJSON: options.json)
    }
}
