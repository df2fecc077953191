import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

@testable import catalystctl

/// `top` on a real terminal.
@Suite(.enabled(if: access("/dev/ptmx", R_OK | W_OK) == 0, "there are no pseudo terminals here"))
struct TopTests {
    @Test func `it draws, obeys keys, and leaves the terminal as it was`() throws {
        try withTop { top in
            #expect(top.wait { top.screen.contains { $0.contains("scanner        unhealthy") } })
            #expect(!top.isAsBefore)
            #expect(top.output.hasPrefix("\u{1B}[?1049h\u{1B}[?25l"))
            #expect(top.screen.count == 24)
            top.type("s")
            #expect(top.wait { top.screen.last?.contains("s sort (cpu)") == true })
            top.type("\u{1B}[B\u{1B}[B")
            #expect(top.wait { top.screen.contains { $0.hasPrefix("›  orchestration") } })
            top.type("w")
            #expect(top.wait { top.screen.contains("scanner was killed and is about to restart") })
            top.type("l")
            #expect(top.wait { top.screen.contains { $0.hasSuffix("Traceback\\x1b[2J") } })
            top.type("q")
            #expect(top.wait { top.screen.contains { $0.hasPrefix("›  orchestration") } })
            top.type("?")
            #expect(top.wait { top.screen.contains("q        quit") })
            top.type("qq")
            #expect(top.end() == 0)
            #expect(top.isAsBefore)
            #expect(top.wait { top.output.hasSuffix("\u{1B}[?25h\u{1B}[?1049l") })
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal that ends it leaves the terminal as it was`(signal: Int32) throws {
        try withTop { top in
            #expect(top.wait { !top.screen.isEmpty })
            if signal == SIGINT { top.type("\u{3}") } else { top.send(signal) }
            #expect(top.end() == -signal)
            #expect(top.isAsBefore)
            #expect(top.wait { top.output.contains("\u{1B}[?25h\u{1B}[?1049l") })
        }
    }

    @Test func `it can be stopped and go on`() throws {
        try withTop { top in
            #expect(top.wait { !top.screen.isEmpty })
            top.type("\u{1A}")
            #expect(top.isStopped())
            #expect(top.isAsBefore)
            #expect(top.wait { top.output.hasSuffix("\u{1B}[?25h\u{1B}[?1049l") })
            let before = top.output.count
            top.send(SIGCONT)
            #expect(top.wait { top.output.dropFirst(before).contains("\u{1B}[H") })
            #expect(!top.isAsBefore)
            top.type("q")
            #expect(top.end() == 0)
        }
    }

    @Test func `it follows the size of its window`() throws {
        try withTop { top in
            #expect(top.wait { top.screen.count == 24 })
            top.resize(width: 40, height: 10)
            #expect(top.wait { top.screen.count == 10 })
            #expect(top.screen.allSatisfy { $0.cellCount <= 40 })
            top.resize(width: 132, height: 50)
            #expect(top.wait { top.screen.count == 50 })
        }
    }

    @Test func `an agent that goes away is waited for`() throws {
        try withTop(answers: [answer(), "{\"last\":true}\n", ""]) { top in
            #expect(top.wait { top.screen.contains { $0.hasPrefix("waiting for the agent: ") } })
            #expect(top.screen.contains { $0.contains("scanner        unhealthy") })
            top.type("q")
            #expect(top.end() == 0)
        }
    }

    @Test func `colours are only there for those who want them`() throws {
        let red = "\u{1B}[31m"
        try withTop { top in
            #expect(top.wait { !top.screen.isEmpty })
            #expect(top.output.contains(red))
        }
        try withTop(environment: ["NO_COLOR=1"]) { top in
            #expect(top.wait { !top.screen.isEmpty })
            #expect(!top.output.contains(red))
        }
    }

    private func withTop(
        answers: [String]? = nil, environment: [String] = [],
        _ body: (PseudoTerminal) throws -> Void
    ) throws {
        let agent = try TinyAgent(answers: try answers ?? [answer()])
        defer { agent.stop() }
        let top = try PseudoTerminal(
            ["top", "--interval", "0.2", "--socket", agent.path],
            environment: environment + ["TERM=xterm"])
        try body(top)
    }

    /// One line that has what each of its questions is about.
    private func answer() throws -> String {
        var reply = ControlReply.end()
        reply.status = Sample.trouble
        reply.why = Sample.explanation
        reply.log = Sample.log("scanner", "Traceback\u{1B}[2J")
        return String(decoding: try JSONLines.encode(reply), as: UTF8.self)
    }
}
