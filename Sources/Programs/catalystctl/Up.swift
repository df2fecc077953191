internal import ArgumentParser
internal import ControlProtocol

struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start everything, in order.",
        discussion: """
            EXAMPLES
              catalystctl up              wait until all are healthy
              catalystctl up --no-wait
            """)

    @OptionGroup var options: ChangeOptions

    func run() throws { try options.change(.up) }
}
