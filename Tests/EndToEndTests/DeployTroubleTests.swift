import ControlProtocol
import Glibc
import StackModel
import Testing

/// Deploys where something is in the way: services that are broken or stopped, operators who change their minds, agents
/// that have to go.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct DeployTroubleTests {
    private typealias Part = Source.Part

    private static let hello = Part(flags: ["--lines hello"])
    private static let slow = Part(
        flags: ["--slow-start 0.3", "--lines hello"], rolling: "drain: 300ms")

    /// The scanner of the first version, which crashes at each start from now on.
    private func breakScanner(_ agent: RunningAgent, _ source: Source) throws {
        try source.folder.write("", to: "broken")
        kill(try agent.pid(of: "scanner"), SIGKILL)
        try agent.expect("scanner", "crashes") { $0.restarts > 1 && $0.state != .up }
    }

    private func breakable(_ source: Source) -> Part {
        Part(flags: ["$([ -e \(source.folder.path)/broken ] && echo --crash-at-start)"])
    }

    /// Deploys a first version whose scanner can be broken.
    private func withBreakable(_ body: (RunningAgent, Source, Rollout) throws -> Void) throws {
        let source = try Source()
        try withAgent(in: source.folder, { _ in Source.machine }) { agent in
            try source.write("1.0.0", ["scanner": breakable(source)])
            try body(agent, source, try agent.deploy(source))
        }
    }

    @Test func `a deploy mends what is broken`() throws {
        try withBreakable { agent, source, first in
            try breakScanner(agent, source)
            try source.write("2.0.0", ["scanner": Self.hello], soak: "200ms")
            let count = try hammering([source.ports[0], source.ports[2]]) { _ in
                let rollout = try agent.deploy(source)
                #expect(rollout.steps.map(\.service) == ["scanner"], "\(rollout.story)")
                try agent.expect(["scanner"], in: rollout.release, of: source)
                try agent.expect(["base", "front"], in: first.release, of: source)
            }
            #expect(count.failures.isEmpty, "\(count)")
            let health = try http("GET", port: source.ports[1], "/health")
            #expect(health.contains(#""version":"2.0.0""#))
        }
    }

    @Test func `where neither is any good, one of them is tried on, and the next deploy mends it`()
        throws
    {
        try withBreakable { agent, source, first in
            try breakScanner(agent, source)
            let bad = Part(flags: ["--crash-at-start", "--exit-code 3"], rules: Source.strict)
            try source.write("2.0.0", ["front": Self.hello, "scanner": bad], soak: "200ms")
            let outcome = try agent.catalystctl("deploy", source.path)
            #expect(outcome.status == 1, "\(outcome)")
            let rollout = try #require(try agent.rollouts().first)
            #expect(rollout.state == .failed, "\(rollout.story)")
            #expect(rollout.failure?.service == "scanner", "\(rollout.story)")
            #expect(source.current == first.release, "\(rollout.story)")
            try agent.expectOneEach(["base", "front"])
            #expect(agent.processes(of: "scanner").count <= 1)
            try source.write("3.0.0", ["scanner": Part(flags: ["--lines fixed"])])
            let mended = try agent.deploy(source)
            try agent.expect(["scanner"], in: mended.release, of: source)
            try agent.expectOneEach(Source.names)
        }
    }

    @Test func `both instances of a soak die`() throws {
        try withDeployed { agent, source, first in
            try source.write("2.0.0", ["scanner": Self.hello], soak: "20s")
            let old = try agent.pid(of: "scanner")
            let count = try hammering(source.ports) { hammer in
                let id = try agent.beginDeploy(source) { $0.phase(of: "scanner") == .soaking }
                try hammer.expectAnswers()
                kill(old, SIGKILL)
                for pid in agent.processes(of: "scanner") { kill(pid, SIGKILL) }
                let rollout = try agent.end(of: id)
                #expect(rollout.state == .failed, "\(rollout.story)")
                try agent.expect(Source.names, in: first.release, of: source)
            }
            #expect(count.refused == 0, "\(count)")
            #expect(count.failures.values.reduce(0, +) <= 4, "in flight, or just behind: \(count)")
        }
    }

    @Test func `what the operator has stopped is left alone, and rolled when it runs again`()
        throws
    {
        try withDeployed { agent, source, first in
            #expect(try agent.catalystctl("stop", "front").status == 0)
            try source.write("2.0.0", ["front": Self.hello, "scanner": Self.hello])
            let rollout = try agent.deploy(source)
            #expect(rollout.steps.map(\.service) == ["scanner"], "\(rollout.story)")
            #expect(agent.processes(of: "front").isEmpty)
            #expect(try agent.catalystctl("start", "front").status == 0)
            try agent.expectOneEach(Source.names)
            try agent.deploy(source)
            try agent.expect(["front", "scanner"], in: rollout.release, of: source)
        }
    }

    @Test(arguments: [RolloutStep.Phase.probing, .soaking, .draining])
    func `cancelled, all goes back`(_ phase: RolloutStep.Phase) throws {
        try withDeployed { agent, source, first in
            let before = try agent.pids()
            try source.write(
                "2.0.0", ["front": Self.hello, "scanner": Self.slow, "base": Self.slow],
                soak: "500ms")
            let count = try hammering(source.ports) { _ in
                let id = try agent.beginDeploy(source) { $0.phase(of: "scanner") == phase }
                #expect(try agent.catalystctl("rollouts", "cancel").status == 0)
                let rollout = try agent.end(of: id)
                #expect(rollout.state == .cancelled, "\(rollout.story)")
                #expect(
                    rollout.steps.prefix(2).allSatisfy { $0.phase == .rolledBack },
                    "\(rollout.story)")
                try agent.expect(Source.names, in: first.release, of: source)
            }
            #expect(count.failures.isEmpty, "\(count)")
            #expect(source.current == first.release)
            #expect(try agent.pid(of: "bystander") == before["bystander"])
            #expect(try agent.alerts(all: true).isEmpty)
        }
    }

    @Test func `what the operator stops in the middle stays stopped, and the rest goes back`()
        throws
    {
        try withDeployed { agent, source, first in
            try source.write("2.0.0", ["front": Self.hello, "scanner": Self.slow], soak: "1s")
            let id = try agent.beginDeploy(source) { $0.phase(of: "scanner") == .soaking }
            #expect(try agent.catalystctl("stop", "scanner").status == 0)
            let rollout = try agent.end(of: id)
            #expect(rollout.state == .failed, "\(rollout.story)")
            #expect(rollout.message?.contains("was stopped by the operator") == true)
            #expect(holds { agent.processes(of: "scanner").isEmpty })
            #expect(source.current == first.release)
            #expect(try agent.catalystctl("start", "scanner").status == 0)
            try agent.expect(Source.names, in: first.release, of: source)
        }
    }

    @Test(arguments: [RolloutStep.Phase.probing, .soaking, .draining])
    func `an agent that is told to stop leaves nothing, and the next one goes on`(
        _ phase: RolloutStep.Phase
    ) throws {
        try withDeployed { agent, source, first in
            try source.write("2.0.0", ["front": Self.hello, "scanner": Self.slow], soak: "300ms")
            let id = try agent.beginDeploy(source) { $0.phase(of: "scanner") == phase }
            #expect(try agent.stop() == 0)
            try agent.startAgain()
            let rollout = try agent.end(of: id)
            #expect(rollout.state == .succeeded, "\(rollout.story)")
            try agent.expect(["front", "scanner"], in: rollout.release, of: source)
            try agent.expect(["base"], in: first.release, of: source)
            #expect(source.current == rollout.release)
        }
    }

    @Test func `the next agent finds services in the releases that they were left in`() throws {
        try withDeployed { agent, source, first in
            try source.write("2.0.0", ["scanner": Self.hello])
            let rollout = try agent.deploy(source)
            let before = try agent.pids()
            agent.kill9()
            try agent.startAgain()
            try agent.expect(["scanner"], in: rollout.release, of: source)
            #expect(try agent.pids() == before, "after SIGKILL")
            #expect(try agent.stop() == 0)
            try agent.startAgain()
            try agent.expect(["scanner"], in: rollout.release, of: source)
            try agent.expect(["base", "front"], in: first.release, of: source)
            #expect(try agent.deploy(source).steps.isEmpty)
        }
    }

    @Test func `old releases go, but for those in use`() throws {
        try withDeployed { agent, source, first in
            for round in 1...3 {
                try source.write(
                    "2.0.\(round)", ["scanner": Part(flags: ["--lines round-\(round)"])], keep: 1)
                try agent.deploy(source)
            }
            let areGone = try holds { try agent.releases().count <= 3 }
            let left = try agent.releases().map(\.release)
            #expect(areGone, "\(left.map(\.version))")
            #expect(left.first?.version == "2.0.3")
            #expect(left.last?.id == first.release, "base and front run from it")
            try agent.expect(["base", "front"], in: first.release, of: source)
        }
    }
}
