import ControlProtocol
import Glibc
import StackModel
import TestSupport
import Testing

/// What the next agent knows of the one before.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct SuccessionTests {
    @Test func `what ended while no agent watched is told, and started again`() throws {
        try withAgent(
            Piece.stack(Piece.sleeper("one", more: "restart: always"), Piece.sleeper("two"))
        ) { agent in
            try agent.expectAllWell()
            let pids = try agent.pids()
            try agent.killNoted("\"pid\":\(try #require(pids["one"])),")
            kill(try #require(pids["one"]), SIGKILL)
            #expect(holds { agent.processes(of: "one").isEmpty })
            try agent.startAgain()
            try agent.expectAllWell()
            #expect(try agent.pid(of: "two") == pids["two"])
            let service = try agent.service("one")
            #expect(service.restarts == 1 && service.lastExit == .unknown)
            let told = try agent.event(.exited, of: "one")
            #expect(told.message == "exited while the agent was away, status unknown")
        }
    }

    @Test func `a service that ran to its end is not run again`() throws {
        let folder = try Folder()
        let once = Piece.shell(
            "once", "echo x >> \(folder.path)/runs", more: "restart: on-failure")
        try withAgent(in: folder, { _ in Piece.stack(once, Piece.sleeper("two")) }) { agent in
            try agent.expect("once", "ran to its end") { $0.state == .completed }
            try agent.killNoted("\"ended\"")
            try agent.startAgain()
            try agent.expect("two", "is up") { $0.state == .up }
            #expect(try agent.service("once").state == .completed)
            #expect(folder.text(of: "runs") == "x\n")
        }
    }

    @Test func `a crash loop is not forgiven because the agent died`() throws {
        let more = "restart: on-failure\nx-catalyst: {backoff: {initial: 1h, max: 1h}}"
        try withAgent(Piece.stack(Piece.shell("bad", "exit 3", more: more))) { agent in
            try agent.expect("bad", "waits") { $0.state == .waiting }
            let before = try agent.service("bad")
            try agent.killNoted("\"waiting\"")
            try agent.startAgain()
            try agent.expect("bad", "waits on") { $0.state == .waiting }
            let after = try agent.service("bad")
            #expect(after.restarts == before.restarts && after.lastExit == .exited(code: 3))
            #expect(after.problem == before.problem)
        }
    }

    @Test func `what is up stays up, since when it was, and well`() throws {
        try withAgent(Piece.stack(Piece.web("one", port: try freePort()))) { agent in
            try agent.expectAllWell()
            let before = try agent.service("one")
            try agent.killNoted("\"verdict\":\"healthy\"")
            try agent.startAgain()
            try agent.expectAllWell()
            let after = try agent.service("one")
            #expect(after.since == before.since && after.pid == before.pid)
            #expect(try agent.events(of: "one").filter { $0.kind == .ready }.count == 1)
        }
    }
}

extension RunningAgent {
    /// What happened in the moments before a death may not be known to the next agent.
    fileprivate func killNoted(_ text: String) throws {
        guard holds({ folder.text(of: "instances-\(identity).json")?.contains(text) ?? false })
        else { throw Failure("not noted: \(text)") }
        kill9()
    }
}
