import ControlProtocol
import Glibc
import StackModel
import Testing

/// Instances replaced under load: nothing is lost, and nothing is left.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct RollingTests {
    private static let names: [ServiceName] = ["base", "middle", "front"]

    /// Three services, each of which needs the one before.
    private static func chain(_ ports: [UInt16], soak: String = "200ms") -> String {
        let needs = [
            "", "depends_on: {base: {condition: service_healthy}}",
            "depends_on: {middle: {condition: service_healthy}}",
        ]
        return "services:\n"
            + zip(names, zip(ports, needs)).map {
                Piece.listening($0.text, port: $1.0, more: $1.1)
            }.joined(separator: "\n") + "\n" + Piece.soak(soak)
    }

    private func threePorts() throws -> [UInt16] { try (0..<3).map { _ in try freePort() } }

    /// Restarts all, three times.
    private func restartAll(_ agent: RunningAgent, of names: [ServiceName]) throws {
        for _ in 0..<3 {
            let before = try agent.pids()
            let outcome = try agent.catalystctl("restart")
            #expect(outcome.status == 0, "\(outcome)")
            let rollout = try #require(try agent.rollouts().first)
            #expect(rollout.steps.map(\.service) == names.reversed(), "\(rollout.story)")
            #expect(
                rollout.steps.allSatisfy { $0.way == .canary && $0.phase == .done },
                "\(rollout.story)")
            #expect(Set(before.values).isDisjoint(with: try agent.pids().values))
            try agent.expectOneEach(names)
        }
    }

    @Test(arguments: [Hammer.Manner.anew, .keptAlive])
    func `restarts of all lose no request`(_ manner: Hammer.Manner) throws {
        let ports = try threePorts()
        try withAgent(Self.chain(ports)) { agent in
            try agent.expectAllWell()
            let count = try hammering(ports, manner) { _ in
                try restartAll(agent, of: Self.names)
            }
            #expect(count.failures.isEmpty, "\(count)")
            #expect(try agent.alerts(all: true).isEmpty)
        }
    }

    @Test(.enabled(if: FastAPI.python != nil, "needs FastAPI and uvicorn"))
    func `uvicorn loses no request`() throws {
        let folder = try Folder()
        let python = try #require(FastAPI.python)
        let root = "@app.get(\"/\")\nasync def root():\n    return {}\n"
        try folder.write(FastAPI.application + root, to: "main.py")
        let ports = [try freePort(), try freePort()]
        let names: [ServiceName] = ["one", "two"]
        let services = zip(names, ports).map { name, port in
            """
              \(name):
                command: [\(python), -m, uvicorn, 'main:app', --fd, '3', --log-level, warning]
                working_dir: \(folder.path)
                healthcheck: {test: [HTTP, "http://127.0.0.1:\(port)/health"], \(Piece.quick)}
                x-catalyst: {listen: '127.0.0.1:\(port)', contract: {service: scanner}, drain: 200ms}
            """
        }
        let stack = "services:\n" + services.joined(separator: "\n") + "\n" + Piece.soak("200ms")
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expectAllWell()
            var anew = Hammer.Count()
            let kept = try hammering(ports, clients: 1, .keptAlive) { _ in
                anew = try hammering(ports) { _ in try restartAll(agent, of: names) }
            }
            #expect(anew.failures.isEmpty, "\(anew)")
            #expect(kept.failures.isEmpty, "\(kept)")
        }
    }

    @Test func `where the kernel cannot tell probes from users callers wait`() throws {
        let port = try freePort()
        let web = """
              web:
                command: [\(Piece.standin), --name, web]
                healthcheck: {test: [CMD, 'true'], \(Piece.quick)}
                x-catalyst: {listen: '127.0.0.1:\(port)', drain: 50ms}
            """
        try withAgent(Piece.stack(web)) { agent in
            try agent.expectAllWell()
            let count = try hammering([port]) { hammer in
                for _ in 0..<3 {
                    #expect(try agent.catalystctl("restart", "web").status == 0)
                    let step = try #require(try agent.rollouts().first?.steps.first)
                    #expect(step.way == .handOver)
                    #expect(step.wayReason?.contains("is a command") == true)
                    try hammer.expectAnswers()
                }
            }
            #expect(count.failures.isEmpty, "\(count)")
            try agent.expectOneEach(["web"])
        }
    }

    @Test func `without a socket the old instance ends first, and the next waits for the soak`()
        throws
    {
        let ports = [try freePort(), try freePort()]
        let stack =
            Piece.stack(Piece.web("one", port: ports[0]), Piece.web("two", port: ports[1]))
            + Piece.soak("400ms")
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            let before = try agent.pids()
            let hammer = Hammer(ports)
            defer { hammer.stop() }
            let socket = try agent.connect()
            socket.send(#"{"command":"restart","wait":true}"# + "\n")
            var seen: [ServiceName: [RolloutStep.Phase]] = [:]
            var last: Rollout?
            repeat {
                guard let rollout = try socket.reply().rollout else { continue }
                last = rollout
                let underway = rollout.steps.filter { !$0.phase.isOver && $0.phase != .waiting }
                #expect(underway.count <= 1, "\(rollout.story)")
                for step in rollout.steps where seen[step.service]?.last != step.phase {
                    seen[step.service, default: []].append(step.phase)
                }
            } while last?.state.isOver != true
            #expect(hammer.stop().refused > 0, "while there is none callers are refused")
            let rollout = try #require(last)
            #expect(rollout.state == .succeeded, "\(rollout.story)")
            #expect(rollout.steps.allSatisfy { $0.way == .stopFirst })
            for name in seen.keys {
                #expect(
                    seen[name]?.drop { $0 == .waiting }
                        == [.starting, .probing, .soaking, .draining, .done], "\(seen)")
            }
            for step in rollout.steps {
                let (began, ended) = (try #require(step.startedAt), try #require(step.finishedAt))
                #expect(ended - began >= .milliseconds(400))
            }
            #expect(Set(before.values).isDisjoint(with: try agent.pids().values))
            try agent.expectOneEach(["one", "two"])
        }
    }

    @Test func `a new instance that is no good is never seen by users, and the rest stays`() throws
    {
        let folder = try Folder()
        let ports = try threePorts()
        let marker = "\(folder.path)/broken"
        let rules =
            "interval: 200ms, timeout: 500ms, retries: 2, "
            + "start_period: 500ms, start_interval: 50ms"
        let script = "[ ! -e \(marker) ] || exit 3; exec \(Piece.standin) --name middle"
        let middle = """
              middle:
                command: [/bin/sh, -c, \(Piece.quoted(script))]
                healthcheck: {test: [HTTP, "http://127.0.0.1:\(ports[1])/health"], \(rules)}
                x-catalyst: {listen: '127.0.0.1:\(ports[1])', drain: 50ms}
                depends_on: {base: {condition: service_healthy}}
            """
        let stack =
            Piece.stack(
                Piece.listening("base", port: ports[0]), middle,
                Piece.listening(
                    "front", port: ports[2],
                    more: "depends_on: {middle: {condition: service_healthy}}"))
            + Piece.soak("200ms")
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expectAllWell()
            let before = try agent.pids()
            try folder.write("", to: "broken")
            let count = try hammering(ports) { _ in
                let outcome = try agent.catalystctl("restart")
                #expect(outcome.status == 1, "\(outcome)")
                let words = outcome.output + outcome.errors
                #expect(words.contains("exited with code 3"), "\(outcome)")
            }
            #expect(count.failures.isEmpty, "\(count)")
            let rollout = try #require(try agent.rollouts().first)
            #expect(rollout.state == .failed)
            #expect(rollout.failure?.service == "middle")
            #expect(rollout.phase(of: "front") == .done, "\(rollout.story)")
            #expect(rollout.phase(of: "middle") == .rolledBack, "\(rollout.story)")
            #expect(rollout.phase(of: "base") == .skipped, "\(rollout.story)")
            let after = try agent.pids()
            #expect(after["middle"] == before["middle"] && after["base"] == before["base"])
            try agent.expectOneEach(Self.names)
            let alert = try agent.alert(about: "middle")
            #expect(alert.rule.rawValue == "rollout-failed")
            unlink(marker)
            #expect(try agent.catalystctl("restart").status == 0)
            try agent.expectResolved(alert.id)
        }
    }
}
