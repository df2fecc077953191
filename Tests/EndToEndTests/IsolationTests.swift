import ControlProtocol
import Glibc
import StackModel
import Testing

/// A service that was broken into, in a real stack: as its user it tries what it should not.
///
/// What a child is kept from, call by call, is in `LinuxSystemTests`. Needs root.
@Suite(.ownThread, .timeLimit(.minutes(20)), .enabled(if: geteuid() == 0, "needs root"))
struct IsolationTests {
    private func stack(_ folder: String, _ socket: String) -> String {
        let attempts = """
            cat \(folder)/.env 2>/dev/null || echo "no variables"
            ls \(socket) 2>/dev/null || echo "no socket"
            touch \(folder)/escape 2>/dev/null || echo "nothing written"
            touch \(folder)/others/escape 2>/dev/null || echo "nothing of others"
            echo "processes $(ls /proc | grep -c '^[0-9]')"
            touch /tmp/catalyst-isolation-escape && echo "a tmp of its own"
            touch \(folder)/own/file && echo "its own directory"
            exec sleep 100000
            """.replacing("\n", with: "; ")
        let more = """
            user: nobody
            healthcheck:
              test: [CMD-SHELL, "test ! -e \(socket) && touch \(folder)/own/probed"]
              interval: 200ms
            pre_stop: [{command: [/bin/sh, -c, "test ! -e \(socket) && touch \(folder)/own/hooked"]}]
            x-catalyst: {isolation: {writable: \(folder)/own}}
            """
        let other = """
            user: daemon
            x-catalyst: {isolation: {writable: \(folder)/others}}
            """
        return Piece.stack(
            Piece.sleeper("other", more: other) + Piece.shell("thief", attempts, more: more)
                + Piece.sleeper("free"))
    }

    @Test func `it gets nowhere, nor do its probes and hooks; the next agent still knows`() throws {
        let folder = try Folder()
        for name in ["own", "others"] {
            mkdir("\(folder.path)/\(name)", 0o777)
            chmod("\(folder.path)/\(name)", 0o777)
        }
        chmod(folder.path, 0o777)
        try folder.write("PASSWORD=hunter2\n", to: ".env")
        chmod("\(folder.path)/.env", 0o600)
        try withAgent(in: folder, { stack($0.path, "\($0.path)/control.sock") }) { agent in
            try agent.expectAllWell()
            for line in [
                "no variables", "no socket", "nothing written", "nothing of others",
                "a tmp of its own", "its own directory",
            ] {
                try agent.expectLog(line, of: "thief")
            }
            #expect(access("/tmp/catalyst-isolation-escape", F_OK) != 0)
            #expect(access("\(folder.path)/own/probed", F_OK) == 0, "its probe may write there")

            let thief = try findings(of: "thief", agent)
            let open = thief.filter { $0.standing != .inForce && $0.measure != .landlock }
            #expect(open == [], "\(open)")
            let free = try findings(of: "free", agent)
            #expect(free.count { $0.standing == .missing } > 7, "\(free)")
            #expect(try agent.catalystctl("isolation").status == 1)

            let pids = try agent.status().services.map(\.pid)
            agent.kill9()
            try agent.startAgain()
            try agent.expectAllWell()
            #expect(try agent.status().services.map(\.pid) == pids)
            #expect(try findings(of: "thief", agent) == thief)

            #expect(try agent.catalystctl("stop", "thief").status == 0)
            #expect(access("\(folder.path)/own/hooked", F_OK) == 0)
        }
    }

    @Test func `a writable directory that is missing keeps it from starting, and is named`() throws
    {
        let more = "x-catalyst: {isolation: {writable: /nowhere/data}}"
        try withAgent(Piece.stack(Piece.sleeper("one", more: more))) { agent in
            let event = try agent.event(.startFailed, of: "one")
            #expect(
                event.message.contains(
                    "cannot make '/nowhere/data' writable: no such file or directory"),
                "\(event)")
        }
    }

    private func findings(of name: ServiceName, _ agent: RunningAgent) throws
        -> [IsolationReport.Finding]
    {
        let replies = try agent.ask(ControlRequest(.isolation, services: [name]))
        return try #require(replies.compactMap(\.isolation).first).findings
    }
}
