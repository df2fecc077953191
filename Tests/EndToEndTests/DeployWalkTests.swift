import ControlProtocol
import Glibc
import StackModel
import TestSupport
import Testing

/// Agents that are killed at each step of a deploy: users notice nothing, and the next agent ends what was begun.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct DeployWalkTests {
    private typealias Part = Source.Part
    /// One phase of one service.
    private typealias Station = (service: ServiceName, phase: RolloutStep.Phase)

    private static let slow = Part(
        flags: ["--slow-start 0.3", "--lines hello"], rolling: "drain: 300ms")

    /// Takes its time to leave.
    private static let gone = Piece.shell(
        "gone", "trap 'sleep 0.5; exit 0' TERM; while :; do sleep 0.1; done")

    /// Begins a deploy, and kills its agent at each station; the next agent goes on to the next one.
    private func walk(
        _ stations: [Station], _ agent: RunningAgent, _ source: Source
    ) throws -> Rollout {
        let id = try agent.beginDeploy(source)
        for station in stations {
            try agent.follow(id) { $0.phase(of: station.service) == station.phase }
            agent.kill9()
            try agent.startAgain()
        }
        return try agent.end(of: id)
    }

    @Test func `a deploy succeeds over all its agents`() throws {
        try withDeployed(more: [Self.gone]) { agent, source, first in
            let before = try agent.pids()
            try source.write(
                "2.0.0", ["front": Self.slow, "scanner": Self.slow, "base": Self.slow],
                soak: "300ms", more: [Piece.sleeper("fresh")])
            let count = try hammering(source.ports) { _ in
                let rollout = try walk(
                    [
                        ("fresh", .starting), ("front", .soaking), ("scanner", .starting),
                        ("scanner", .probing), ("scanner", .soaking), ("scanner", .draining),
                        ("base", .probing), ("base", .draining), ("gone", .draining),
                    ], agent, source)
                #expect(rollout.state == .succeeded, "\(rollout.story)")
                #expect(rollout.steps.allSatisfy { $0.phase == .done }, "\(rollout.story)")
                #expect(source.current == rollout.release)
                try agent.expect(Source.names, in: rollout.release, of: source)
                try agent.expectOneEach(["fresh", "bystander"])
            }
            #expect(count.failures.isEmpty, "\(count)\n\(agent.story())")
            #expect(try agent.pid(of: "bystander") == before["bystander"])
            #expect(agent.processes(of: "gone").isEmpty)
            #expect(try !agent.status().services.contains { $0.name == "gone" })
        }
    }

    @Test func `a deploy that fails goes back over all its agents`() throws {
        try withDeployed(more: [Self.gone]) { agent, source, first in
            let before = try agent.pids()
            let bad = Part(
                flags: ["--slow-start 0.3", "--unhealthy-after 0"], rules: Source.strict)
            try source.write(
                "2.0.0", ["front": Self.slow, "scanner": Self.slow, "base": bad],
                soak: "300ms", more: [Piece.sleeper("fresh")])
            let count = try hammering(source.ports) { _ in
                let rollout = try walk(
                    [
                        ("scanner", .draining), ("base", .starting), ("base", .probing),
                        ("base", .undoing), ("scanner", .undoing), ("front", .undoing),
                        ("fresh", .undoing),
                    ], agent, source)
                #expect(rollout.state == .failed, "\(rollout.story)")
                #expect(rollout.failure?.service == "base")
                #expect(rollout.phase(of: "gone") == .skipped, "\(rollout.story)")
                #expect(
                    rollout.steps.prefix(4).allSatisfy { $0.phase == .rolledBack },
                    "\(rollout.story)")
                #expect(source.current == first.release)
                try agent.expect(Source.names, in: first.release, of: source)
                try agent.expectOneEach(["gone", "bystander"])
            }
            #expect(count.failures.isEmpty, "\(count)\n\(agent.story())")
            for name: ServiceName in ["base", "gone", "bystander"] {
                #expect(try agent.pid(of: name) == before[name])
            }
            #expect(agent.processes(of: "fresh").isEmpty)
            #expect(try !agent.status().services.contains { $0.name == "fresh" })
            _ = try agent.alert(about: "base") { $0.rule.rawValue == "rollout-failed" }
        }
    }

    @Test func `an agent is killed while the old one is coming back beside the new one`() throws {
        try withDeployed(["scanner": Part(flags: ["--slow-start 0.5"])]) { agent, source, first in
            let bad = Part(flags: ["--unhealthy-after 0"], rules: Source.strict)
            try source.write("2.0.0", ["scanner": Self.slow, "base": bad])
            let count = try hammering(source.ports) { _ in
                let id = try agent.beginDeploy(source) { $0.phase(of: "scanner") == .undoing }
                // Once for the deploy, once for the way back.
                let isBeside = try holds {
                    try agent.ask(ControlRequest(.events, services: ["scanner"]))
                        .filter { $0.event?.message.contains("started beside it") == true }
                        .count >= 2
                }
                #expect(isBeside, "\(agent.story())")
                agent.kill9()
                try agent.startAgain()
                let rollout = try agent.end(of: id)
                #expect(rollout.state == .failed, "\(rollout.story)")
                #expect(rollout.phase(of: "scanner") == .rolledBack, "\(rollout.story)")
                try agent.expect(Source.names, in: first.release, of: source)
            }
            #expect(count.failures.isEmpty, "\(count)\n\(agent.story())")
        }
    }

    @Test func `what is no good is found to be so by the next agent`() throws {
        try withDeployed { agent, source, first in
            let before = try agent.pids()
            try source.write("2.0.0", ["front": Self.slow, "scanner": Self.slow], soak: "3s")
            let count = try hammering(source.ports) { _ in
                let id = try agent.beginDeploy(source) { $0.phase(of: "scanner") == .soaking }
                agent.kill9()
                try http("POST", port: source.ports[1], "/fault/crash", from: "127.0.0.2")
                try agent.startAgain()
                let rollout = try agent.end(of: id)
                #expect(rollout.state == .failed, "\(rollout.story)")
                #expect(rollout.failure?.service == "scanner")
                try agent.expect(Source.names, in: first.release, of: source)
                #expect(try agent.pid(of: "scanner") == before["scanner"])
            }
            // Nobody keeps its socket open: who came again while it was dying is lost again.
            #expect(count.refused == 0, "\(count)")
            #expect(count.failures.values.reduce(0, +) <= 8, "\(count)")
        }
    }

    @Test func `an old one that dies while there is no agent is not missed`() throws {
        try withDeployed { agent, source, first in
            let old = try agent.pid(of: "scanner")
            try source.write("2.0.0", ["scanner": Self.slow], soak: "1s")
            let count = try hammering(source.ports) { hammer in
                let id = try agent.beginDeploy(source) { $0.phase(of: "scanner") == .soaking }
                try hammer.expectAnswers()
                agent.kill9()
                kill(old, SIGKILL)
                try hammer.expectAnswers()
                try agent.startAgain()
                let rollout = try agent.end(of: id)
                #expect(rollout.state == .succeeded, "\(rollout.story)")
                try agent.expect(["scanner"], in: rollout.release, of: source)
            }
            #expect(count.failures.isEmpty, "\(count)\n\(agent.story())")
        }
    }

    @Test func `an agent that is killed while a release is made changes nothing`() throws {
        try withDeployed { agent, source, first in
            let before = try agent.pids()
            try source.write(
                "2.0.0", ["scanner": Part(flags: ["--lines hello"])],
                build: "touch \(source.folder.path)/building; sleep 60")
            #expect(try agent.catalystctl("deploy", source.path, "--detach").status == 0)
            #expect(holds { access("\(source.folder.path)/building", F_OK) == 0 })
            agent.kill9()
            try agent.startAgain()
            #expect(try agent.pids() == before)
            #expect(try agent.rollouts().allSatisfy(\.state.isOver))
            #expect(try agent.releases().map(\.release.id) == [first.release])
            try source.write("2.0.0", ["scanner": Part(flags: ["--lines hello"])])
            let rollout = try agent.deploy(source)
            try agent.expect(["scanner"], in: rollout.release, of: source)
            let whole = [first, rollout].compactMap(\.release).flatMap {
                [$0, "\($0).json", "\($0).log"]
            }
            #expect(Set(names(in: "\(source.root)/releases")) == Set(whole + [".lock"]))
            #expect(holds { ProcessEntry.marked("CATALYST_BUILDS=\(source.root)").isEmpty })
        }
    }

    @Test func `agents killed at any moment leave one instance of each, of one release`() throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        var chance = Chance(seed: seed)
        try withDeployed { agent, source, first in
            let bystander = try agent.pid(of: "bystander")
            var good = first.release
            let count = try hammering(source.ports) { _ in
                for round in 1...4 {
                    let isBad = round.isMultiple(of: 2)
                    let id = try beginRound(round, isBad: isBad, agent, source)
                    for _ in 1...2 {
                        let moment = Duration.milliseconds(Int(chance.share() * 1500))
                        _ = holds(within: moment) { false }
                        agent.kill9()
                        // This one does not live to see much.
                        let hapless = try Program(agent.flags, in: source.folder)
                        let life = Duration.milliseconds(Int(chance.share() * 600))
                        _ = holds(within: life) { false }
                        hapless.end()
                        try agent.startAgain()
                    }
                    let rollout = try agent.end(of: id)
                    #expect(
                        rollout.state == (isBad ? .failed : .succeeded),
                        "seed \(seed): \(rollout.story)")
                    if !isBad { good = rollout.release }
                    try agent.expect(Source.names, in: good, of: source)
                    #expect(source.current == good, "seed \(seed)")
                }
            }
            #expect(count.failures.isEmpty, "seed \(seed): \(count)\n\(agent.story())")
            #expect(try agent.pid(of: "bystander") == bystander)
        }
    }

    /// Returns when the release is made. What is bad is found out last.
    private func beginRound(
        _ round: Int, isBad: Bool, _ agent: RunningAgent, _ source: Source
    ) throws -> Int64 {
        let part = Part(flags: ["--lines round-\(round)"])
        let bad = Part(
            flags: ["--lines round-\(round)", "--unhealthy-after 0"], rules: Source.strict)
        try source.write(
            "2.0.\(round)", ["front": part, "scanner": part, "base": isBad ? bad : part],
            soak: "200ms")
        let id = try agent.beginDeploy(source) { $0.state != .preparing }
        return id
    }
}
