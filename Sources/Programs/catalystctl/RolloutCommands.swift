internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct RolloutCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollouts",
        abstract: "Restarts, deploys and rollbacks: under way and past; cancel, resume.",
        discussion: """
            EXAMPLES
              catalystctl rollouts                    the last ones
              catalystctl rollouts show 12            all that is known about one
              catalystctl rollouts show 12 --follow   and how it goes on
              catalystctl rollouts cancel             undo the one under way
            """,
        subcommands: [
            RolloutsList.self, RolloutsShow.self, RolloutsCancel.self, RolloutsResume.self,
        ],
        defaultSubcommand: RolloutsList.self)
}

struct RolloutsList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The last rollouts, the newest first (the default of 'rollouts').",
        usage: "catalystctl rollouts [options]",
        discussion: """
            EXAMPLES
              catalystctl rollouts --tail 50
              catalystctl rollouts --json | jq -r '.rollout | select(.state == "failed") | .id'
            """)

    @OptionGroup var options: AgentOptions

    @Option(help: ArgumentHelp("At most so many (default: 20).", valueName: "count"))
    var tail: Int?

    func validate() throws {
        if let tail, tail < 1 { throw ValidationError("--tail takes a count of 1 or more") }
    }

    func run() throws {
        let request = ControlRequest(.rollouts, tail: tail)
        if options.json { return try options.agent.printJSON(request) }
        var rollouts: [Rollout] = []
        try options.agent.ask(request) { reply, _ in
            if let rollout = reply.rollout { rollouts.append(rollout) }
        }
        let page = RolloutsPage(rollouts: rollouts, program: options.agent.program, now: .now())
        try Output.show(page.lines(on: .current()))
    }
}

struct RolloutsShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "All that is known about a rollout: its steps, and why it failed.",
        discussion: """
            With --follow the exit status is 0 if it succeeds and 1 if it does not.

            EXAMPLES
              catalystctl rollouts show 12
              catalystctl rollouts show 12 --follow
              catalystctl rollouts show 12 --json | jq .rollout.failure
            """)

    @OptionGroup var options: AgentOptions

    @Flag(name: .shortAndLong, help: "Show how it goes, until it is over.")
    var follow = false

    @Argument(help: "The rollout's number.")
    var id: RecordNumber

    func run() throws {
        var request = ControlRequest(.rollouts, follow: follow ? true : nil)
        request.rollout = id.number
        if follow {
            return try RolloutWatch(agent: options.agent, isJSON: options.json).run(request)
        }
        if options.json { return try options.agent.printJSON(request) }
        let rollout = try options.agent.answer(to: request) { $0.rollout }
        let page = RolloutPage(rollout: rollout, program: options.agent.program, now: .now())
        try Output.show(page.lines(on: .current()))
    }
}

struct RolloutsCancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Stop the rollout under way: what it has changed goes back.",
        discussion: """
            EXAMPLES
              catalystctl rollouts cancel
              catalystctl rollouts cancel 12   only if it is that one
            """)

    @OptionGroup var options: AgentOptions

    @Argument(help: "The rollout's number; none: the one under way.")
    var id: RecordNumber?

    func run() throws {
        var request = ControlRequest(.cancelRollout)
        request.rollout = id?.number
        try options.agent.change(request, isJSON: options.json)
    }
}

struct RolloutsResume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with a rollout that paused.",
        discussion: """
            EXAMPLES
              catalystctl rollouts resume
            """)

    @OptionGroup var options: AgentOptions

    @Argument(help: "The rollout's number; none: the one that paused.")
    var id: RecordNumber?

    func run() throws {
        var request = ControlRequest(.resumeRollout)
        request.rollout = id?.number
        try options.agent.change(request, isJSON: options.json)
    }
}
