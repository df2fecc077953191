internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start services and what they need.",
        discussion: """
            EXAMPLES
              catalystctl start trading
            """)

    @OptionGroup var options: ChangeOptions

    @Argument(help: "The services; none: all of them.", completion: .services)
    var services: [ServiceName] = []

    func run() throws { try options.change(.start, services) }
}
