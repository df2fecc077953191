import ControlProtocol
import Glibc
import StackModel
import Testing

/// Every way to ask a service how it is.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct ProbeTests {
    @Test func `CMD and CMD-SHELL ask with a command, as the service and in its place`() throws {
        let folder = try Folder()
        let rules = "interval: 200ms, timeout: 2s, retries: 1, start_period: 20s"
        let stack = Piece.stack(
            Piece.sleeper(
                "one",
                more:
                    "healthcheck: {test: [CMD, test, -f, ok], \(rules)}\nworking_dir: \(folder.path)\nx-catalyst: {on_unhealthy: alert}"
            ),
            Piece.sleeper(
                "two",
                more:
                    "environment: {COLOUR: blue}\nhealthcheck: {test: [CMD-SHELL, '[ $$COLOUR = blue ] && [ $$CATALYST_SERVICE = two ]'], \(rules)}"
            ))
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expect("two", "is healthy") { $0.health == .healthy }
            #expect(try agent.service("one").state == .starting)
            try folder.write("", to: "ok")
            try agent.expectAllWell()
            unlink("\(folder.path)/ok")
            #expect(
                try agent.event(.unhealthy, of: "one").message
                    == "unhealthy: exit code 1 (1 probes in a row)")
        }
    }

    @Test func `a probe that hangs and forks is killed with its tree`() throws {
        let rules = "interval: 300ms, timeout: 300ms, retries: 2, start_period: 0s"
        let line =
            "echo thinking; sleep 1000 & setsid sleep 1000 & (setsid sh -c \"sleep 1000 & wait\" &); wait"
        let more =
            "healthcheck: {test: [CMD-SHELL, \(Piece.quoted(line))], \(rules)}\nx-catalyst: {on_unhealthy: alert}"
        try withAgent(Piece.stack(Piece.sleeper("one", more: more))) { agent in
            let event = try agent.event(.unhealthy, of: "one")
            #expect(event.message == "unhealthy: no answer in time (2 probes in a row)")
            #expect(try agent.catalystctl("why", "one").output.contains("thinking"))
            let mark = "CATALYST_INSTANCE=\(agent.identity).one.probe"
            try agent.folder.write(Piece.stack(Piece.sleeper("one")), to: "stack.yaml")
            #expect(try agent.catalystctl("reload").status == 0)
            #expect(holds { ProcessEntry.marked(mark).isEmpty })
        }
    }

    @Test func `a probe that leaves a child behind is answered all the same`() throws {
        let line = "setsid sleep 1000 & exit 0"
        let more =
            "healthcheck: {test: [CMD-SHELL, \(Piece.quoted(line))], interval: 200ms, timeout: 5s, retries: 1}"
        try withAgent(Piece.stack(Piece.sleeper("one", more: more))) { agent in
            try agent.expectAllWell()
            #expect(ProcessEntry.marked("CATALYST_INSTANCE=\(agent.identity).one.probe").count <= 3)
        }
    }

    @Test func `a probe's program that is not there leaves health unknown`() throws {
        let more =
            "healthcheck: {test: [CMD, /nowhere/curl], interval: 200ms, timeout: 1s, retries: 1}\nx-catalyst: {on_unhealthy: alert}"
        try withAgent(Piece.stack(Piece.sleeper("one", more: more))) { agent in
            try agent.expect("one", "says why") {
                $0.problem?.contains("cannot run '/nowhere/curl'") == true
            }
            #expect(try agent.service("one").health != .healthy)
        }
    }

    @Test func `TCP asks for a connection`() throws {
        let port = try freePort()
        let stack = Piece.stack(
            Piece.web(
                "news", port: port, ["--slow-start", "0.5"],
                more: "x-catalyst: {on_unhealthy: alert}")
        )
        .replacing(
            "[HTTP, \"http://127.0.0.1:\(port)/health\"]", with: "[TCP, '127.0.0.1:\(port)']")
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            try http("POST", port: port, "/fault/unhealthy")
            let pid = try agent.pid(of: "news")
            kill(pid, SIGKILL)
            try agent.expect("news", "is back") {
                $0.pid != nil && $0.pid != pid && $0.health == .healthy
            }
        }
    }

    @Test(.enabled(if: isInstalled("redis-server"), "redis-server is not installed"))
    func `Redis is asked with its password, which is told to nobody`() throws {
        let ports = try (0..<2).map { _ in try freePort() }
        func redis(_ name: String, _ port: UInt16, _ password: String, _ folder: Folder) -> String {
            """
              \(name):
                command: redis-server --bind 127.0.0.1 --port \(port) --save "" --dir \(folder.path) --requirepass s3cret
                healthcheck: {test: [REDIS, "redis://:\(password)@127.0.0.1:\(port)"], \(Piece.quick.replacing("20s", with: "0s"))}
                x-catalyst: {on_unhealthy: alert}
            """
        }
        let folder = try Folder()
        try withAgent(
            in: folder,
            {
                Piece.stack(
                    redis("good", ports[0], "s3cret", $0), redis("bad", ports[1], "wr0ng", $0))
            }
        ) { agent in
            try agent.expect("good", "is healthy") { $0.health == .healthy }
            try agent.expect("bad", "is unhealthy") {
                $0.health == .unhealthy && $0.problem?.contains("WRONGPASS") == true
            }
            let said =
                try ["status", "events", "why", "config show"].map { command in
                    try
                        "\(agent.catalystctl(command.split(separator: " ").first.map(String.init) ?? "", "--json"))"
                }.joined() + agent.program.errors
            #expect(!said.contains("s3cret") && !said.contains("wr0ng"))
        }
    }

    @Test func `a probe that asks often does not wait for one that is slow`() throws {
        let ports = try (0..<2).map { _ in try freePort() }
        let stack = Piece.stack(
            Piece.web(
                "slow", port: ports[0],
                rules: "interval: 5s, timeout: 5s, retries: 3, start_period: 20s"),
            Piece.web(
                "fast", port: ports[1],
                rules: "interval: 200ms, timeout: 1s, retries: 1, start_period: 20s"))
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            try http("POST", port: ports[0], "/fault/slow?seconds=4")
            let last = try agent.lastEventID()
            try http("POST", port: ports[1], "/fault/unhealthy")
            let asked = Timestamp.now()
            #expect(try agent.event(.unhealthy, of: "fast", after: last).time - asked < .seconds(1))
        }
    }
}
