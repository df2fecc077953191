internal import ArgumentParser
internal import ControlProtocol

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Read the stack file again; only what changed is restarted.",
        discussion: """
            EXAMPLES
              catalystctl config check && catalystctl reload
              catalystctl config diff     what it would restart
            """)

    @OptionGroup var options: ChangeOptions

    func run() throws { try options.change(.reload) }
}
