import ControlProtocol
import Glibc
import StackModel
import TestSupport
import Testing

/// Another program takes the agent's place.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct ReplacementTests {
    @Test func `the process, its services and their callers go on`() throws {
        let ports = [try freePort(), try freePort()]
        let stack = Piece.stack(
            Piece.listening("one", port: ports[0]), Piece.listening("two", port: ports[1]),
            Piece.shell("chatty", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done"),
            Piece.shell("bad", "exit 3", more: "restart: on-failure\n" + Self.longPause))
        try withAgent(stack) { agent in
            try agent.expect("all but one, well") { status in
                status.services.allSatisfy { $0.state == ($0.name == "bad" ? .waiting : .up) }
            }
            let before = try agent.pids()
            let bad = try agent.service("bad")
            let hammer = Hammer(ports)
            for _ in 0..<3 {
                let outcome = try agent.catalystctl("agent", "reexec")
                #expect(outcome.status == 0, "\(outcome)\n\(agent.story())")
                #expect(outcome.output.contains("took the place of"))
            }
            let count = hammer.stop()
            #expect(count.failures.isEmpty && count.total > 0, "\(count)")
            #expect(try agent.pids() == before && agent.program.isRunning)
            let after = try agent.service("bad")
            #expect(after.state == .waiting && after.restarts == bad.restarts)
            #expect(try agent.status().services.allSatisfy { $0.name == "bad" || $0.restarts == 0 })
            let started = try agent.event(.agentStarted) { $0.message.contains("in the place of") }
            #expect(started.message.contains("(pid \(agent.pid))"))
            // It is the parent of them still, and hears how they end.
            kill(try #require(before["one"]), SIGTERM)
            let ended = try agent.event(.exited, of: "one", after: started.id)
            #expect(ended.message != "\(ExitReason.unknown)")
            try agent.expectOneEach(["one", "two", "chatty"])
            try expectWholeLines(of: "chatty", agent)
        }
    }

    @Test(arguments: [
        ("#!/bin/sh\nexit 7\n", "exited with code 7"),
        ("#!/bin/sh\necho 'it lacks a library' >&2; exit 127\n", "it lacks a library"),
        ("no program", "not a program"),
    ])
    func `what cannot take over is refused, and the agent goes on`(program: String, words: String)
        throws
    {
        let folder = try Folder()
        try link(["catalystd", "catalystctl", "catalyst-collector"], into: folder)
        let elsewhere = ["/bin/sh", "-c", "shift; exec \(folder.path)/catalystd \"$@\"", "sh"]
        let stack = Piece.stack(Piece.sleeper("one"))
        try withAgent(in: folder, prefix: elsewhere, { _ in stack }) { agent in
            try agent.expectAllWell()
            let (pid, before) = (agent.pid, try agent.pids())
            unlink("\(folder.path)/catalystd")
            try folder.write(program, to: "catalystd")
            chmod("\(folder.path)/catalystd", 0o755)
            let outcome = try agent.catalystctl("agent", "reexec")
            #expect(outcome.status == 1 && outcome.errors.contains(words), "\(outcome)")
            #expect(outcome.errors.contains("was not replaced"))
            #expect(agent.program.isRunning && agent.pid == pid)
            #expect(try agent.pids() == before && agent.status().state == .healthy)
        }
    }

    private static let longPause = "x-catalyst: {backoff: {initial: 1h, max: 1h}}"

    private func link(_ programs: [String], into folder: Folder) throws {
        for name in programs {
            let target = "\(folder.path)/\(name)"
            guard Glibc.link("\(Program.folder)/\(name)", target) == 0 else {
                throw Failure("cannot link '\(target)'")
            }
        }
    }

    /// Each number once, in order.
    private func expectWholeLines(of name: ServiceName, _ agent: RunningAgent) throws {
        let request = ControlRequest(.logs, services: [name], tail: 100_000)
        let lines = try agent.ask(request).compactMap { $0.log?.text }
        #expect(lines.count > 10 && lines == (1...lines.count).map { "line \($0)" })
    }
}
