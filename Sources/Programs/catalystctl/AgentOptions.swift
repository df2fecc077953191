internal import ArgumentParser
internal import StackModel

/// What all commands that ask the agent share.
struct AgentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The agent's control socket (default: $CATALYST_SOCKET, or the usual place).",
            valueName: "path"),
        completion: .file())
    var socket: String?

    @Flag(help: "Print the agent's answer as JSON, one object a line.")
    var json = false

    var agent: Agent { Agent(socket: socket) }
}

extension CompletionKind {
    /// The names of the running stack's services.
    static let services = CompletionKind.shellCommand("catalystctl __services 2>/dev/null")
}

extension ServiceName: ExpressibleByArgument {
    package init?(argument: String) {
        guard ServiceName.isValid(argument) else { return nil }
        self.init(argument)
    }
}
