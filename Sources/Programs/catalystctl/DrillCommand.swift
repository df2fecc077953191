internal import ArgumentParser
internal import ControlClient
internal import ControlProtocol
internal import Glibc
internal import LinuxSystem
internal import StackModel

struct DrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill",
        abstract: "Inject a fault into a service or the agent, to see that it is caught.",
        usage: "catalystctl drill [crash <service> | hang <service> | agent] [options]",
        discussion: """
            Without arguments it lists the faults. A drill needs a maintenance, in which alerts are
            kept and not told; it is refused in a freeze window, and while anything else is wrong or
            under way. The fault ends by itself, also when you leave.

            EXAMPLES
              catalystctl drill                       the faults
              catalystctl maintenance start --for 15m --reason "drill"
              catalystctl drill crash news            says what comes, asks, and does it
              catalystctl drill hang news --plan      may it be, and how long can it take?
              catalystctl drill agent                 catalystd itself is killed; the nine run on
              catalystctl drill hang news --yes --json | jq .drill
              catalystctl maintenance end

            EXIT STATUS
              0 it passed: healthy again within its bound. 1 it failed, or was refused.
            """)

    /// For the next agent, beyond any bound: it has still to say how late it is.
    private static let patience = Duration.seconds(30)

    @OptionGroup var options: AgentOptions

    @Flag(help: "Only say whether it may be, and how long it can take.")
    var plan = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Argument(help: "What is injected.")
    var fault: DrillFault?

    @Argument(help: "Into which service.", completion: .services)
    var service: ServiceName?

    func validate() throws {
        if fault == .agent, service != nil {
            throw ValidationError("the agent takes this one, no service: catalystctl drill agent")
        }
        guard fault == .agent || (fault == nil) == (service == nil) else {
            throw ValidationError("name a service as well: catalystctl drill crash news")
        }
        guard fault == nil || !options.json || yes || plan else {
            throw ValidationError("--json asks nothing: add --yes or --plan")
        }
    }

    func run() throws {
        guard let fault else {
            guard !options.json else {
                throw Failure("--json is for a drill: name a fault and a service", .usage)
            }
            return try Output.show(
                DrillFaultsPage(program: options.agent.program).lines(on: .current()))
        }
        var request = ControlRequest(.drill, services: service.map { [$0] } ?? [])
        request.fault = fault
        if !yes || plan {
            guard try foretell(request), !plan else { return }
            try ask()
        }
        guard fault == .agent else { return try drill(request) }
        do {
            try drill(request)
        } catch let error as ControlClientError where error.reason == .closed {
            try askTheNext()
        }
    }

    /// What the next agent says of the death of the one before.
    private func askTheNext() throws {
        let deadline = Clock.now() + Self.patience
        while !isNextReady {
            guard Clock.now() < deadline else {
                throw Failure(
                    "the agent was killed, and no other has answered for \(Self.patience): "
                        + "see 'systemctl status catalystd'", .noAgent)
            }
            usleep(10_000)
        }
        try drill(lastReport)
    }

    /// Without a fault: how the death went that an agent before was drilled with. It changes nothing.
    private var lastReport: ControlRequest {
        var request = ControlRequest(.drill)
        request.plan = true
        return request
    }

    private var isNextReady: Bool {
        do {
            _ = try options.agent.answer(to: lastReport) { $0.drill }
            return true
        } catch let error as ControlError {
            return error.code != .busy
        } catch {
            return false
        }
    }

    /// Says what would be done; false: that was all.
    private func foretell(_ request: ControlRequest) throws -> Bool {
        var request = request
        request.plan = true
        if options.json {
            try options.agent.printJSON(request)
            return false
        }
        let report = try options.agent.answer(to: request) { $0.drill }
        try Output.show(DrillPage(report: report, now: .now()).plan(on: .current()))
        return true
    }

    private func ask() throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw Failure("nobody can be asked: add --yes, or --plan to look", .usage)
        }
        let question = Array("Do it? [y/N] ".utf8)
        write(STDERR_FILENO, question, question.count)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw Failure("nothing was done", .unhealthy)
        }
    }

    private func drill(_ request: ControlRequest) throws {
        if options.json { return try options.agent.printJSON(request) }
        let output = Output()
        var report: DrillReport?
        var events = EventLines(terminal: .current(), names: request.services ?? [])
        do {
            try options.agent.ask(request, whenIdle: { try output.flush() }) { reply, _ in
                if let event = reply.event { output.print(events.line(event, now: .now())) }
                report = reply.drill ?? report
            }
        } catch {
            // A verdict says more than the error that goes with it.
            guard report != nil else {
                output.flushOrForget()
                throw error
            }
        }
        guard let report else { throw Failure("the agent's answer holds no report", .noAgent) }
        for line in DrillPage(report: report, now: .now()).lines(on: .current()) {
            output.print(line)
        }
        try output.flush()
        if !report.hasPassed { throw ExitStatus.unhealthy }
    }
}

extension DrillFault: ExpressibleByArgument {}
