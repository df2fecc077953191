internal import ControlProtocol
internal import Glibc
internal import StackModel

/// `top` on a terminal: asks again and again, draws, obeys keys.
struct LiveTop {
    let agent: Agent
    let interval: Duration
    private(set) var page: TopPage

    /// What the sparklines show.
    private static let past = Duration.seconds(300)

    init(agent: Agent, interval: Duration) {
        self.agent = agent
        self.interval = interval
        page = TopPage(program: agent.program, past: Self.past)
    }

    /// Asks for the state of things, and the first time for the last minutes' measures as well.
    mutating func look() throws {
        let isFirst = page.status == nil
        page.show(try agent.status())
        if isFirst { remember() }
    }

    /// Until `q` or a signal. An agent that goes away is waited for.
    mutating func run() throws {
        let screen = FullScreen()
        defer { screen.leave() }
        while true {
            try screen.draw(page.lines(on: .current()))
            if try !obey(on: screen, within: interval) { return }
            lookAgain()
            try? fill()  // A pane without text says so itself.
        }
    }

    /// Whether to go on. Returns at the first key, too, so that it has its effect at once.
    private mutating func obey(on screen: borrowing FullScreen, within time: Duration) throws
        -> Bool
    {
        for key in try screen.keys(within: time) {
            let names = page.view.sorted(page.status?.services ?? []).map(\.name)
            if page.view.receive(key, among: names) == .quit { return false }
        }
        return true
    }

    private mutating func lookAgain() {
        do {
            try look()
            page.problem = nil
        } catch {
            page.problem =
                Failure(error)?.message.split(separator: "\n").first.map(String.init)
                ?? "\(error)"
        }
    }

    /// Gets the text of the pane that is open.
    private mutating func fill() throws {
        page.text = []
        let terminal = Terminal.current()
        switch page.view.pane {
        case .table, .help: return
        case .why(let name):
            let request = ControlRequest(.why, services: [name])
            let explanation = try agent.answer(to: request) { $0.why }
            page.text = WhyPage(explanation: explanation, program: agent.program, now: .now())
                .lines(on: terminal)
        case .logs(let name):
            var records: [LogRecord] = []
            let request = ControlRequest(.logs, services: [name], tail: terminal.height)
            try agent.ask(request) { reply, _ in
                if let record = reply.log { records.append(record) }
            }
            page.text = records.map { $0.line(on: terminal, width: terminal.width, now: .now()) }
        }
    }

    /// An agent that has no measures yet only leaves the sparklines empty.
    private mutating func remember() {
        var request = ControlRequest(.metrics, since: .now() - Self.past)
        request.resolution = .raw
        var past: [Series] = []
        try? agent.ask(request) { reply, _ in
            if let series = reply.series { past.append(series) }
        }
        page.remember(past)
    }
}
