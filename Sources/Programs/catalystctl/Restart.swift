internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Restart: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Restart services, one after another, each proven before the next.",
        usage: "catalystctl restart [<services> ...] [options]",
        discussion: """
            EXAMPLES
              catalystctl restart news
              catalystctl restart scanner pattern
              catalystctl restart --plan           in which order, and how long it takes

            EXIT STATUS
              As of 'catalystctl deploy': 0 it succeeded, 1 it did not.
            """)

    @OptionGroup var options: RolloutOptions

    @Flag(help: .hidden)
    var wait = false

    @Argument(help: "The services; none: all of them.", completion: .services)
    var services: [ServiceName] = []

    func run() throws {
        let request = ControlRequest(.restart, services: services)
        try options.run(request, words: ["restart"] + services.map(\.text))
    }
}
