internal import ArgumentParser
internal import Capacity
internal import ControlProtocol
internal import JSONLines
internal import LinuxSystem
internal import StackModel

/// Named unlike the other commands, because a module has its name.
struct CapacityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capacity",
        abstract:
            "What the machine has room for, what is used of it, what it costs, and what is next.",
        discussion: """
            It compares the stack's limits with the plan (x-catalyst.host) and with what was
            measured in the last 7 days, and says which upgrade that calls for, and why.

            EXAMPLES
              catalystctl capacity
              catalystctl capacity --json | jq -r '.advice.steps[]'

            EXIT STATUS
              0 whatever it advises; 3 no agent: what is planned, and nothing measured
            """)

    @OptionGroup var options: AgentOptions
    @OptionGroup var files: FileOptions

    func run() throws {
        let agent = options.agent
        let status = asked { try agent.status() }
        let stack = try stack(agent)
        var series: [Series] = []
        if case .success = status { series = try measured(agent) }
        let report = CapacityReport(
            stack: stack, machine: .this, status: try? status.get(), series: series)
        let output = Output()
        if options.json {
            output.write(try JSONLines.encode(report))
        } else {
            for line in CapacityPage(report: report).lines(on: .current()) { output.print(line) }
        }
        try output.flush()
        if case .failure(let failure) = status { throw failure }
    }

    /// The running one, or what the files say.
    private func stack(_ agent: Agent) throws -> StackSpec {
        if files.files.isEmpty,
            let stack = try? agent.answer(to: ControlRequest(.config), { $0.config })
        {
            return stack
        }
        return try files.stack()
    }

    /// A week of hours; where there is less than a day of them, minutes.
    private func measured(_ agent: Agent) throws -> [Series] {
        let hours = try measured(agent, .hour, .seconds(7 * 86_400))
        if hours.contains(where: { $0.points.span >= .seconds(86_400) }) { return hours }
        return try measured(agent, .minute, .seconds(86_400))
    }

    private func measured(
        _ agent: Agent, _ resolution: Resolution, _ time: Duration
    ) throws -> [Series] {
        var request = ControlRequest(.metrics, since: Timestamp.now() - time)
        request.resolution = resolution
        var series: [Series] = []
        try agent.ask(request) { reply, _ in
            if let one = reply.series { series.append(one) }
        }
        return series
    }
}
