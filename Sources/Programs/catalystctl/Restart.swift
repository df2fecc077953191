internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Restart: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Restart services, one after another.",
        discussion: """
            EXAMPLES
              catalystctl restart news
              catalystctl restart scanner pattern
            """)

    @OptionGroup var options: ChangeOptions

    @Argument(help: "The services; none: all of them.", completion: .services)
    var services: [ServiceName] = []

    func run() throws { try options.change(.restart, services) }
}
