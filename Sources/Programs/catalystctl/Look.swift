internal import ControlProtocol
internal import Glibc
internal import JSONLines
internal import StackModel

/// What `status` does.
///
/// Apart from the command, because the most typed command line of all goes without a parser.
struct Look {
    var agent = Agent(socket: nil)
    var services: [ServiceName] = []
    var isJSON = false

    func once() throws {
        let status = try asked()
        let output = Output()
        if isJSON {
            output.write(try JSONLines.encode(status))
        } else {
            for line in page(status).lines(on: .current()) { output.print(line) }
        }
        try output.flush()
        if !status.isWell { throw ExitStatus.unhealthy }
    }

    /// Ends with Ctrl-C. An agent that goes away once it was seen is waited for.
    func again(every interval: Duration) throws -> Never {
        var screen = Screen()
        var status = try asked()
        while true {
            try show(status, on: &screen)
            pause(interval)
            status = try askedPatiently(every: interval, on: &screen)
        }
    }

    private func show(_ status: StackStatus, on screen: inout Screen) throws {
        if isJSON { return try screen.show(JSONLines.encode(status)) }
        let terminal = Terminal.current()
        let page = page(status)
        let lines =
            terminal.isTerminal
            ? page.lines(on: terminal, heightMax: terminal.height - 1) : page.lines(on: terminal)
        try screen.show(lines, on: terminal)
    }

    private func askedPatiently(every interval: Duration, on screen: inout Screen) throws
        -> StackStatus
    {
        while true {
            do {
                return try asked()
            } catch {
                guard let failure = Failure(error), failure.status == .noAgent, !isJSON else {
                    throw error
                }
                let terminal = Terminal.current()
                let reason = failure.message.split(separator: "\n").first.map(String.init) ?? ""
                let lines = displayed(reason + "; waiting for it").wrapped(to: terminal.width)
                try screen.show(lines.map { terminal.paint($0, .red) }, on: terminal)
                pause(interval)
            }
        }
    }

    private func asked() throws -> StackStatus { try agent.only(services, of: try agent.status()) }

    private func page(_ status: StackStatus) -> StatusPage {
        StatusPage(status: status, program: agent.program)
    }
}

private func pause(_ duration: Duration) {
    _ = poll(nil, 0, Int32(min(duration.milliseconds, Int64(Int32.max))))
}
