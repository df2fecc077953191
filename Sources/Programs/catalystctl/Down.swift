internal import ArgumentParser
internal import ControlProtocol

struct Down: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Stop everything, dependents first. The agent stays.",
        discussion: """
            EXAMPLES
              catalystctl down            wait until nothing runs
            """)

    @OptionGroup var options: ChangeOptions

    func run() throws { try options.change(.down) }
}
