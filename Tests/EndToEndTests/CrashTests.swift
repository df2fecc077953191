import ControlProtocol
import Glibc
import StackModel
import Testing

/// Services that die, or cannot live.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct CrashTests {
    @Test func `a killed service comes back, and the agent tells the story`() throws {
        let port = try freePort()
        try withAgent(Piece.stack(Piece.web("news", port: port))) { agent in
            try agent.expectAllWell()
            let first = try agent.pid(of: "news")
            kill(first, SIGKILL)
            try agent.expect("news", "is well again") {
                $0.pid != first && $0.state == .up && $0.health == .healthy
            }
            let service = try agent.service("news")
            #expect(service.restarts == 1)
            #expect(service.lastExit == .signaled(.kill, coreDumped: false))

            let events = try agent.events(of: "news")
            let exit = try #require(events.first { $0.kind == .exited })
            let start = try #require(events.last { $0.kind == .started })
            #expect(exit.message == "was killed by SIGKILL")
            #expect(start.time - exit.time < .milliseconds(500), "the first restart is at once")
            let why = try agent.catalystctl("why", "news")
            #expect(why.output.contains("was killed by SIGKILL"))
            #expect(
                try agent.catalystctl("events", "news").output.contains("was killed by SIGKILL"))
        }
    }

    @Test func `a crash loop is slowed down, given up, and tried again slowly`() throws {
        let rules = """
            deploy: {restart_policy: {condition: any, max_attempts: 4, window: 60s}}
            x-catalyst: {backoff: {initial: 300ms, max: 500ms, jitter: 0}, retry_failed_every: 1s}
            """
        try withAgent(
            Piece.stack(Piece.shell("news", "exit 7", more: rules), Piece.sleeper("redis"))
        ) { agent in
            let given = try agent.event(.gaveUp, of: "news")
            try agent.expect("news", "has failed") { $0.state == .failed && $0.nextAttempt != nil }
            #expect(given.priority == .critical)
            let starts = try agent.events(of: "news").filter {
                $0.kind == .started && $0.id < given.id
            }
            #expect(starts.count == 5)
            let gaps = zip(starts.dropFirst(), starts).map { ($0.0.time - $0.1.time).milliseconds }
            for (gap, pause) in zip(gaps, [Int64(0), 300, 500, 500]) {
                #expect(gap >= pause, "\(gaps)")
            }
            #expect(gaps[0] < 300, "the first at once: \(gaps)")

            let again = try agent.event(.started, of: "news", after: given.id)
            #expect(again.time - given.time >= .milliseconds(990))
            try agent.event(.gaveUp, of: "news", after: again.id)
            #expect(try agent.service("redis").restarts == 0)
            let why = try agent.catalystctl("why", "news")
            #expect(why.output.contains("exited with code 7"))
            #expect(why.output.contains("logs --tail 50 news"))
            #expect(try agent.catalystctl("status").status == 1)
        }
    }

    @Test func `a program that is not there is told in words`() throws {
        let broken = "  news:\n    command: [/nowhere/news]\n    restart: always\n"
        try withAgent(Piece.stack(broken)) { agent in
            let event = try agent.event(.startFailed, of: "news")
            #expect(
                event.message
                    == "cannot start 'news': cannot run '/nowhere/news': no such file, or its interpreter is missing"
            )
            let outcome = try agent.catalystctl("why", "news")
            #expect(outcome.output.contains("cannot run '/nowhere/news'"))
        }
    }

    @Test func `a start that fails ends a waiting command with the reason`() throws {
        let broken = "  news:\n    command: [/nowhere/news]\n"
        try withAgent(Piece.stack(broken)) { agent in
            let outcome = try agent.catalystctl("start", "news")
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("cannot run '/nowhere/news'"), "\(outcome)")
        }
    }

    @Test func `a taken port is explained, and used when it is free`() throws {
        let port = try freePort()
        let other = try Listener(port: port)
        try withAgent(Piece.stack(Piece.web("news", port: port))) { agent in
            let event = try agent.event(.startFailed, of: "news")
            #expect(event.message.hasPrefix("cannot start 'news': port \(port) is in use by '"))
            #expect(event.message.hasSuffix("(pid \(getpid()))"))
            #expect(!agent.program.errors.contains("news: started"))
            other.stop()
            try agent.expectAllWell()
        }
    }

    @Test func `a service that is done stays down where the policy says so`() throws {
        try withAgent(
            Piece.stack(
                Piece.shell("once", "echo done", more: "restart: on-failure"),
                Piece.shell("bad", "exit 3", more: "restart: 'no'"))
        ) { agent in
            try agent.expect("once", "is completed") { $0.state == .completed }
            try agent.expect("bad", "is down") { $0.state == .down && $0.lastExit != nil }
            let bad = try agent.service("bad")
            #expect(bad.lastExit == .exited(code: 3))
            #expect(bad.restarts == 0)
        }
    }

    @Test func `a one-shot goes before what waits for its success`() throws {
        try withAgent(
            Piece.stack(
                Piece.sleeper(
                    "news",
                    more: "depends_on: {migrate: {condition: service_completed_successfully}}"),
                Piece.sleeper(
                    "other",
                    more: "depends_on: {broken: {condition: service_completed_successfully}}"),
                Piece.shell("migrate", "sleep 0.2; echo migrated"), Piece.shell("broken", "exit 1"))
        ) { agent in
            try agent.expect("news", "is up") { $0.state == .up }
            let done = try agent.event(.exited, of: "migrate")
            #expect(try agent.event(.started, of: "news").id > done.id)
            try agent.expect("broken", "is down") { $0.state == .down }
            #expect(try agent.service("other").state == .held)
            #expect(try agent.service("other").blockedBy == ["broken"])
        }
    }
}
