import ControlProtocol
import Glibc
import StackModel
import Testing

/// The stack file changes under the running stack.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct ReloadTests {
    @Test func `a reload touches what changed and nothing else`() throws {
        let stack = Piece.stack(
            Piece.sleeper("same"), Piece.sleeper("changed"), Piece.sleeper("gone"))
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            let (same, changed, gone) = (
                try agent.pid(of: "same"), try agent.pid(of: "changed"), try agent.pid(of: "gone")
            )
            try agent.folder.write(
                Piece.stack(
                    Piece.sleeper("same", more: "stop_grace_period: 3s"),
                    Piece.sleeper("changed", more: "environment: {COLOUR: blue}"),
                    Piece.sleeper("new")), to: "stack.yaml")
            let outcome = try agent.catalystctl("reload")
            #expect(outcome.status == 0, "\(outcome)")
            let status = try agent.status()
            #expect(status.services.map(\.name) == ["same", "changed", "new"])
            #expect(status.state == .healthy)
            #expect(try agent.pid(of: "same") == same)
            #expect(try agent.pid(of: "changed") != changed)
            #expect(!isAlive(changed))
            #expect(holds { !isAlive(gone) })
            let environment = contents(of: "/proc/\(try agent.pid(of: "changed"))/environ") ?? ""
            #expect(environment.contains("COLOUR=blue"))
        }
    }

    @Test func `a broken file is refused with its line, and the running stack goes on`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            let pid = try agent.pid(of: "one")
            try agent.folder.write(
                "services:\n  one:\n    comand: [sleep, '1']\n  two: {}\n", to: "stack.yaml")
            let outcome = try agent.catalystctl("reload")
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("stack.yaml:3: 'comand'"), "\(outcome)")
            #expect(outcome.errors.contains("did you mean 'command'"))
            #expect(outcome.errors.contains("stack.yaml:4"), "all mistakes at once")
            #expect(try agent.pid(of: "one") == pid)
            #expect(try agent.status().notes.contains { $0.contains("refused") })
        }
    }

    @Test func `SIGHUP reads the file again, also when it is broken`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            try agent.folder.write("services: [", to: "stack.yaml")
            agent.program.signal(SIGHUP)
            try agent.event(.stackRefused)
            try agent.expectAllWell()
            try agent.folder.write(
                Piece.stack(Piece.sleeper("one"), Piece.sleeper("two")), to: "stack.yaml")
            agent.program.signal(SIGHUP)
            try agent.expect("two services") { $0.services.count == 2 && $0.state == .healthy }
            #expect(try agent.service("one").restarts == 0)
        }
    }

    @Test func `a stopped service stays stopped through a reload`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"), Piece.sleeper("two"))) { agent in
            try agent.expectAllWell()
            try agent.catalystctl("stop", "two")
            try agent.folder.write(
                Piece.stack(
                    Piece.sleeper("one"), Piece.sleeper("two", more: "environment: {A: b}")),
                to: "stack.yaml")
            #expect(try agent.catalystctl("reload").status == 0)
            #expect(try agent.service("two").state == .down)
        }
    }

    @Test func `a probe changes under the running instance`() throws {
        let port = try freePort()
        try withAgent(Piece.stack(Piece.web("news", port: port))) { agent in
            try agent.expectAllWell()
            let pid = try agent.pid(of: "news")
            try agent.folder.write(
                Piece.stack(
                    Piece.web("news", port: port, more: "x-catalyst: {on_unhealthy: alert}")
                        .replacing("/health", with: "/nowhere")), to: "stack.yaml")
            #expect(try agent.catalystctl("reload", "--no-wait").status == 0)
            try agent.expect("news", "is unhealthy") { $0.health == .unhealthy }
            #expect(try agent.pid(of: "news") == pid)
            #expect(try agent.event(.unhealthy, of: "news").message.contains("HTTP status 404"))
        }
    }
}
