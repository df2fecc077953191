internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Live: what each service uses, on the whole screen.",
        discussion: """
            Keys: q quits, s sorts by name, cpu or memory, the arrows select a service, w says
            why it is as it is, l shows its last lines, ? shows help. Without a terminal it
            prints once.

            EXAMPLES
              catalystctl top
              catalystctl top --interval 10
              catalystctl top | head -20
            """)

    @OptionGroup var options: AgentOptions

    @Option(help: ArgumentHelp("Seconds between two looks.", valueName: "seconds"))
    var interval: Double = 2

    func validate() throws {
        // Faster, nobody can read it; slower, the clock on the wall does.
        guard (0.1...86_400).contains(interval) else {
            throw ValidationError("--interval takes 0.1 to 86400 seconds")
        }
    }

    func run() throws {
        let request = ControlRequest(.status)
        let terminal = Terminal.current()
        if options.json { return try options.agent.printJSON(request) }
        var live = LiveTop(agent: options.agent, interval: .seconds(interval))
        try live.look()
        if terminal.isTerminal { return try live.run() }
        try Output.show(live.page.lines(on: terminal))
    }
}
