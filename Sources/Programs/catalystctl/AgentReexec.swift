internal import ArgumentParser
internal import ControlProtocol
internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel

struct AgentReexec: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reexec",
        abstract: "Have the agent's program, as it is on the disk now, take its place.",
        discussion: """
            The process stays the same, and so do its children: no service is restarted, and callers
            of their sockets wait a moment at most. The new program first has to look at what it is
            to take over; one that cannot start is refused, and the agent goes on as it was.

            EXAMPLES
              catalystctl agent reexec
              systemctl reload catalystd      reads the stack file as well
            """)

    @OptionGroup var options: AgentOptions

    /// Adopting takes well under a second; a busy machine gets more.
    private static let limit = Duration.seconds(30)

    func run() throws {
        let agent = options.agent
        let before = try agent.answer(to: ControlRequest(.version)) { $0.version }
        let pids = try agent.status().pids
        let begin = Clock.now()
        try agent.ask(ControlRequest(.reexec)) { _, _ in }
        let after = try successor(of: before, until: begin + Self.limit)
        let time = Clock.now() - begin
        let replaced = try agent.status().pids.filter { name, pid in
            pids[name].map { $0 != pid } ?? false
        }
        if options.json {
            var reply = ControlReply.end()
            reply.version = after
            let output = Output()
            output.write(try JSONLines.encode(reply))
            try output.flush()
        } else {
            try show(before, after, time, goingOn: pids.count - replaced.count)
        }
        guard replaced.isEmpty else {
            throw Failure(
                "started anew: \(replaced.keys.map(\.text).sorted().joined(separator: ", ")); "
                    + "see '\(agent.program) events'", .unhealthy)
        }
    }

    private func show(
        _ before: AgentVersion, _ after: AgentVersion, _ time: Duration, goingOn count: Int
    ) throws {
        try Output.show([
            "catalystd \(displayed(after.version)) took the place of \(displayed(before.version)) "
                + "(pid \(after.pid)) in \(time.milliseconds) ms",
            "\(count) \(count == 1 ? "service goes" : "services go") on",
        ])
    }

    private func successor(
        of before: AgentVersion, until deadline: Moment
    ) throws -> AgentVersion {
        while true {
            // Between the two nobody answers.
            let answer = try? options.agent.answer(to: ControlRequest(.version)) { $0.version }
            if let answer, answer.since > before.since, (try? options.agent.status()) != nil {
                return answer
            }
            guard Clock.now() < deadline else {
                throw Failure(
                    "the agent was told to replace itself, and nobody has answered for "
                        + "\(Self.limit): see 'journalctl -u catalystd'", .noAgent)
            }
            usleep(10_000)
        }
    }
}

extension StackStatus {
    fileprivate var pids: [ServiceName: Int32] {
        Dictionary(services.compactMap { service in service.pid.map { (service.name, $0) } }) { $1 }
    }
}
