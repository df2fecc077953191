internal import ControlClient
internal import ControlProtocol
internal import Glibc
internal import StackModel
internal import Synchronization

/// Asks for a rollout, or how one goes, and shows it until it is over: on a terminal as a table
/// that is redrawn, else as a line for each change.
///
/// A class, because what reads the answer and its idle moments share it.
final class RolloutWatch {
    private let agent: Agent
    private let isJSON: Bool
    private let output = Output()
    private var screen = Screen()
    private var progress = RolloutProgress()
    private var events = EventLines(terminal: .current(), names: [])
    /// Not shown yet.
    private var lines: [String] = []
    private var message: String?

    init(agent: Agent, isJSON: Bool) {
        self.agent = agent
        self.isJSON = isJSON
    }

    func run(_ request: ControlRequest) throws {
        // A reader of JSON knows by itself that the rollout goes on.
        if !isJSON { noticeInterrupts() }
        do {
            try agent.ask(request, tick: .seconds(1), whenIdle: idle) { reply, line in
                try receive(reply, line)
            }
        } catch is Interrupted {
            return try leave()
        } catch {
            throw try explained(error)
        }
        try finish(isAwaited: request.wait != false)
    }

    private func receive(_ reply: ControlReply, _ line: [UInt8]) throws {
        message = reply.message ?? message
        let now = Timestamp.now()
        // Who is refused hears of the rollout in the way; it is not the one that was asked for.
        let rollout = reply.error?.code == .busy ? nil : reply.rollout
        let news = rollout.map { progress.receive($0, now: now) } ?? []
        if isJSON { return try output.print(line: line) }
        let terminal = Terminal.current()
        if !terminal.isTerminal { lines += news.map { events.line($0, now: now) } }
        if let text = reply.output {
            lines.append(terminal.paint(displayed(text, keepingTabs: true), .dim))
        }
        if let event = reply.event, progress.wants(event, on: terminal) {
            lines.append(events.line(event, now: now))
        }
        if lines.count > Self.linesMax { try draw() }
    }

    /// Bounds the memory of a long build.
    private static let linesMax = 200

    private func idle() throws {
        if isJSON { return try output.flush() }
        if wasInterrupted.load(ordering: .relaxed) { throw Interrupted() }
        try draw()
    }

    private func draw() throws {
        let terminal = Terminal.current()
        defer { lines = [] }
        if terminal.isTerminal {
            let table = progress.lines(on: terminal, now: .now())
            return try screen.show(table, above: lines, on: terminal)
        }
        for line in lines { output.print(line) }
        try output.flush()
    }

    private func finish(isAwaited: Bool) throws {
        let rollout = progress.rollout
        let hasSucceeded = rollout?.state == .succeeded || rollout == nil || !isAwaited
        if !isJSON {
            try draw()
            if let rollout, !hasSucceeded { show(evidenceOf: rollout) }
            output.print(
                Terminal.current().paint(displayed(sentence), hasSucceeded ? .green : .red))
        }
        try output.flush()
        if !hasSucceeded { throw ExitStatus.unhealthy }
    }

    private var sentence: String {
        guard let rollout = progress.rollout else { return message ?? "done" }
        let words = message ?? rollout.message ?? "\(rollout.title) \(rollout.state.words)"
        return words + rollout.tookWords
    }

    /// Ctrl-C ends the looking on, as whoever called this is to know; not the rollout.
    private func leave() throws {
        let program = agent.program
        if let rollout = progress.rollout {
            let id = rollout.id
            output.print("\nrollout \(id) goes on: \(program) rollouts show \(id) --follow")
            output.print("to stop it: \(program) rollouts cancel \(id)")
        } else {
            output.print("\nit goes on: \(program) rollouts")
            output.print("to stop it: \(program) rollouts cancel")
        }
        try output.flush()
        signal(SIGINT, SIG_DFL)
        raise(SIGINT)
    }

    /// What was seen is shown; what is left to tell is the error.
    private func explained(_ error: any Error) throws -> any Error {
        if isJSON {
            output.flushOrForget()
            return error
        }
        try draw()
        let program = agent.program
        if let error = error as? ControlError, error.code == .busy {
            let ways =
                "what is under way: \(program) rollouts\nto stop it: \(program) rollouts cancel"
            return Failure("\(error)\n\(ways)", .unhealthy)
        }
        guard let rollout = progress.rollout else { return error }
        let show = "\(program) rollouts show \(rollout.id)"
        if let error = error as? ControlError, error.code == .failed {
            self.show(evidenceOf: rollout)
            try output.flush()
            return Failure("\(error)\(rollout.tookWords)\nall of it: \(show)", .unhealthy)
        }
        guard let error = error as? ControlClientError, !rollout.state.isOver else { return error }
        let rest = "the next agent finishes or undoes rollout \(rollout.id): \(show) --follow"
        return Failure("\(error)\n\(rest)", .noAgent)
    }

    private func show(evidenceOf rollout: Rollout) {
        guard let failure = rollout.failure else { return }
        let page = FailurePage(failure: failure, now: .now())
        for line in [""] + page.lines(on: .current()) + [""] { output.print(line) }
    }
}

private struct Interrupted: Error {}

private let wasInterrupted = Atomic(false)

private func noticeInterrupts() {
    wasInterrupted.store(false, ordering: .relaxed)
    var request = sigaction()
    request.__sigaction_handler.sa_handler = { _ in wasInterrupted.store(true, ordering: .relaxed) }
    sigaction(SIGINT, &request, nil)
}

extension Rollout {
    fileprivate var tookWords: String { time.map { " (\($0))" } ?? "" }
}
