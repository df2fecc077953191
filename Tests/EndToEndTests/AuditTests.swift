import ControlProtocol
import Glibc
import StackModel
import Testing

/// Who asked for what is on record, and services may not ask.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct AuditTests {
    @Test func `each change is on record: who, what, and what came of it`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            #expect(try agent.catalystctl("restart", "one").status == 0)
            let asked = try agent.event(.asked)
            #expect(asked.message.hasSuffix(": restart one"), "\(asked)")
            #expect(asked.message.contains("'catalystctl'"), "\(asked)")
            #expect(asked.message.contains("pid "))
            let answered = try agent.event(.answered)
            #expect(answered.message.hasPrefix("restart one, by "), "\(answered)")

            #expect(try agent.catalystctl("rollouts", "cancel").status != 0)
            let failed = try agent.event(.answered, after: answered.id)
            #expect(failed.message.hasPrefix("cancel-rollout"), "\(failed)")
            #expect(failed.message.contains(": not done: no rollout is under way"), "\(failed)")
            try agent.catalystctl(
                "maintenance", "start", "--for", "10m", "--reason", "token=hunter2")
            let told = try agent.event(.answered, after: failed.id)
            #expect(told.message.hasPrefix("maintenance-start for 600 s"), "\(told)")
            #expect(!told.message.contains("hunter2"))
            // What only looks is nobody's business.
            try agent.catalystctl("status")
            #expect(try agent.events().count { $0.kind == .answered } == 3)
        }
    }

    @Test func `a record outlives the agent`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            try agent.catalystctl("stop", "one")
            try agent.event(.answered)
            try agent.stop()
            try agent.startAgain()
            let events = try agent.events()
            #expect(events.contains { $0.kind == .asked && $0.message.hasSuffix(": stop one") })
            #expect(
                events.contains { $0.kind == .answered && $0.message.hasPrefix("stop one, by ") })
        }
    }

    /// It runs as the agent's own user, who may do everything: only what it is keeps it out. Its grandchild has left
    /// its session and its environment, and has lost its parents.
    @Test(arguments: ["exec \"$@\"", "setsid -f env -i \"$@\""])
    func `a service may ask nothing`(way: String) throws {
        let folder = try Folder()
        let script = """
            import socket, sys, time
            said = open("\(folder.path)/said~", "w")
            time.sleep(0.2)
            for command in ("status", "down"):
                s = socket.socket(socket.AF_UNIX)
                s.connect("\(folder.path)/control.sock")
                s.sendall(b'{"command":"%s"}\\n' % command.encode())
                said.write(s.makefile().readline())
            said.close()
            import os
            os.rename("\(folder.path)/said~", "\(folder.path)/said")
            time.sleep(1000)
            """
        try folder.write(script, to: "ask.py")
        let ask =
            "\(way.replacing("\"$@\"", with: "\(python) \(folder.path)/ask.py")); exec sleep 1000"
        try withAgent(
            in: folder, { _ in Piece.stack(Piece.shell("spy", ask), Piece.sleeper("one")) }
        ) { agent in
            #expect(holds { folder.text(of: "said") != nil })
            let said = folder.text(of: "said") ?? ""
            let lines = said.split(separator: "\n")
            #expect(lines.count == 2 && lines.allSatisfy { $0.contains("not-allowed") }, "\(said)")
            #expect(said.contains("services may ask nothing here"))
            let told = try agent.event(.refused) { $0.message.hasPrefix("down, by ") }
            #expect(told.priority == .warning)
            try agent.expectAllWell()
            #expect(try agent.service("one").wanted)
        }
    }

    /// Needs root to become somebody else.
    @Test(.enabled(if: geteuid() == 0 && isInstalled("setpriv"), "needs root and setpriv"))
    func `a flood of refusals is told as one, and the operator is answered`() throws {
        let folder = try Folder()
        try folder.write(
            """
            import socket, sys
            said = 0
            while said < 300:
                try:
                    s = socket.socket(socket.AF_UNIX)
                    s.settimeout(5)
                    s.connect(sys.argv[1])
                    s.sendall(b'{"command":"down"}\\n' * 3)
                    s.recv(100)
                    said += 1
                except OSError:
                    pass
            """, to: "flood.py")
        try withAgent(in: folder, { _ in Piece.stack(Piece.sleeper("one")) }) { agent in
            chmod(agent.folder.path, 0o755)
            try agent.expectAllWell()
            let flood = try Program(
                [
                    "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", python,
                    "\(folder.path)/flood.py", agent.socketPath,
                ], in: folder)
            defer { flood.end() }
            try agent.event(.refused)
            for _ in 0..<5 { #expect(try agent.catalystctl("status").status == 0) }
            #expect(flood.exitCode(within: patience) == 0, "\(flood.errors)")
            let told = try agent.events().filter { $0.kind == .refused }
            #expect(told.count <= 12, "\(told.count)")
            #expect(told.allSatisfy { $0.message.contains("uid 65534") })
            try agent.expectAllWell()
        }
    }
}
