internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop services and what needs them. They stay down until started.",
        discussion: """
            EXAMPLES
              catalystctl stop reporting
            """)

    @OptionGroup var options: ChangeOptions

    @Argument(help: "The services; none: all of them.", completion: .services)
    var services: [ServiceName] = []

    func run() throws { try options.change(.stop, services) }
}
