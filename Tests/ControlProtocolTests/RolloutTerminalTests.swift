import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

@testable import catalystctl

/// A rollout as somebody sees it who sits at a terminal.
@Suite(.enabled(if: access("/dev/ptmx", R_OK | W_OK) == 0, "there are no pseudo terminals here"))
struct RolloutTerminalTests {
    @Test func `the table is drawn over itself, and what is built stands above it`() throws {
        var done = Sample.rolling
        done.state = .succeeded
        done.finishedAt = Sample.time
        for index in done.steps.indices {
            done.steps[index].phase = .done
            done.steps[index].finishedAt = Sample.time
        }
        let answer = [
            reply { $0.output = "Compiling" }, reply { $0.rollout = Sample.rolling },
            reply { $0.event = Sample.event("scanner", "started (pid 7)") },
            reply { $0.rollout = done }, .end("rollout 12 succeeded"),
        ]
        try withTerminal(answer) { terminal in
            #expect(terminal.end() == 0)
            #expect(terminal.wait { terminal.output.contains("rollout 12 succeeded (1m 10s)") })
            let shown = Drawing(terminal.output).lines
            #expect(
                shown.prefix(6) == [
                    "Compiling", "",
                    "rollout 12: deploy of 20261122T135000Z-3f2a91c: succeeded, 3 of 3 done, 1m 10s",
                    "service    phase   time  how", "reporting  done   1m 4s  canary",
                    "scanner    done     38s  canary",
                ])
            #expect(shown.last { !$0.isEmpty } == "rollout 12 succeeded (1m 10s)")
            #expect(!terminal.output.contains("started (pid 7)"))
            #expect(terminal.isAsBefore)
        }
    }

    @Test func `it goes on counting while nothing comes`() throws {
        try withTerminal([reply { $0.rollout = Sample.rolling }], then: .silence) { terminal in
            #expect(
                terminal.wait { terminal.output.split(separator: "1 of 3 done").count >= 4 })
        }
    }

    @Test func `Ctrl-C leaves the rollout alone, and says how to come back`() throws {
        try withTerminal([reply { $0.rollout = Sample.rolling }], then: .silence) { terminal in
            #expect(terminal.wait { terminal.output.contains("1 of 3 done") })
            terminal.type("\u{3}")
            #expect(terminal.end() == -SIGINT)
            #expect(terminal.wait { terminal.output.contains("rollouts cancel 12\r\n") })
            #expect(terminal.output.contains("rollout 12 goes on: catalystctl --socket "))
            #expect(terminal.output.contains(" rollouts show 12 --follow\r\n"))
        }
    }

    private func withTerminal(
        _ answer: [ControlReply], then ending: TinyAgent.Ending = .hangUp,
        _ body: (PseudoTerminal) throws -> Void
    ) throws {
        let agent = try TinyAgent(try answer.map(text).joined(), then: ending)
        defer { agent.stop() }
        try body(
            PseudoTerminal(["deploy", "--socket", agent.path], environment: ["TERM=xterm"]))
    }
}

/// What stands on a terminal after lines were drawn over: cursor up, erase; nothing else is used.
struct Drawing {
    private(set) var lines: [String] = []

    init(_ output: String) {
        var row = 0
        for piece in output.replacing("\r\n", with: "\n").split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            var text = String(piece)
            if let up = text.firstMatch(of: #/\u{1B}\[([0-9]+)A/#) { row -= Int(up.1) ?? 0 }
            if text.contains("\u{1B}[J") { lines.removeSubrange(min(row, lines.count)...) }
            text = text.replacing(#/\u{1B}\[[0-9]*[mKAJ]|\r/#, with: "")
            while lines.count <= row { lines.append("") }
            if !text.isEmpty || piece.contains("\u{1B}[K") { lines[row] = text }
            row += 1
        }
    }
}
