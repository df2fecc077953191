internal import ArgumentParser
internal import StackModel

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "The whole stack at a glance (the default command).",
        discussion: """
            EXAMPLES
              catalystctl                         what is up, what is wrong, what next
              catalystctl status --watch          the same, kept up to date until Ctrl-C
              catalystctl status --watch 10       every ten seconds
              catalystctl status scanner news     only these two
              catalystctl status --json | jq -r '.services[] | .name + " " + .state'
            """)

    @OptionGroup var options: AgentOptions

    @Option(
        defaultAsFlag: 1,
        help: ArgumentHelp("Show it again every so many seconds.", valueName: "seconds"))
    var watch: Double?

    @Argument(help: "Only these services.", completion: .services)
    var services: [ServiceName] = []

    func validate() throws {
        // Faster, nobody can read it; slower, the clock on the wall does.
        if let watch, !(0.1...86_400).contains(watch) {
            throw ValidationError("--watch takes 0.1 to 86400 seconds")
        }
    }

    func run() throws {
        let look = Look(agent: options.agent, services: services, isJSON: options.json)
        if let watch { try look.again(every: .seconds(watch)) }
        try look.once()
    }
}
