internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "The versions of this program and of the agent.",
        discussion: """
            EXAMPLES
              catalystctl version
            """)

    @OptionGroup var options: AgentOptions

    func run() throws {
        let output = Output()
        if options.json { return try options.agent.printJSON(ControlRequest(.version)) }
        output.print("catalystctl \(catalystVersion)")
        try output.flush()
        let version = try options.agent.answer(to: ControlRequest(.version)) { $0.version }
        let age = humanDuration(.now() - version.since)
        output.print("catalystd \(displayed(version.version)) (pid \(version.pid), since \(age))")
        try output.flush()
    }
}
