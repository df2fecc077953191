import ControlProtocol
import Glibc
import StackModel
import TestSupport
import Testing

/// Somebody dies in the middle of a rollout. Where it is the agent nobody notices, and the next one goes on with it.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct RolloutCrashTests {
    /// Rolled in this order: `front`, then `scanner`; `bystander` is not asked for.
    private static func stack(_ ports: [UInt16], soak: String = "500ms") -> String {
        Piece.stack(
            Piece.sleeper("bystander"),
            Piece.listening(
                "scanner", port: ports[0], ["--slow-start", "0.3"], rolling: "drain: 300ms"),
            Piece.listening(
                "front", port: ports[1], more: "depends_on: {scanner: {condition: service_healthy}}"
            )) + Piece.soak(soak)
    }

    private static let names: [ServiceName] = ["bystander", "scanner", "front"]
    private static let restart = ControlRequest(.restart, services: ["scanner", "front"])

    /// Restarts until the scanner is in that phase. Nobody has looked at anything since.
    private func restart(_ agent: RunningAgent, until phase: RolloutStep.Phase) throws -> Rollout {
        var isCancelled = false
        return try agent.begin(Self.restart) { rollout in
            let now = rollout.phase(of: "scanner")
            if phase == .undoing, now == .soaking, !isCancelled {
                isCancelled = true
                _ = try? agent.ask(ControlRequest(.cancelRollout))
            }
            return now == phase
        }
    }

    @Test(arguments: [RolloutStep.Phase.starting, .probing, .soaking, .draining, .undoing])
    func `an agent killed in the middle is followed by one that ends it`(
        _ phase: RolloutStep.Phase
    ) throws {
        let ports = [try freePort(), try freePort()]
        try withAgent(Self.stack(ports)) { agent in
            try agent.expectAllWell()
            let before = try agent.pids()
            let count = try hammering(ports) { hammer in
                let begun = try restart(agent, until: phase)
                agent.kill9()
                let front = agent.processes(of: "front")
                #expect(front.count == 1)
                try hammer.expectAnswers()
                try agent.startAgain()
                let rollout = try agent.end(of: begun.id)
                let isUndone = phase == .undoing
                #expect(rollout.state == (isUndone ? .cancelled : .succeeded), "\(rollout.story)")
                try agent.expectAllWell()
                try agent.expectOneEach(Self.names)
                let after = try agent.pids()
                #expect(after["bystander"] == before["bystander"])
                #expect(after["front"] == front.first)
                #expect((after["scanner"] == before["scanner"]) == isUndone, "\(rollout.story)")
                #expect(try agent.rollouts().map(\.id) == [begun.id])
            }
            #expect(count.failures.isEmpty, "\(count)\n\(agent.story())")
        }
    }

    @Test func `who was told of a cancellation can rely on it`() throws {
        let ports = [try freePort(), try freePort()]
        try withAgent(Self.stack(ports, soak: "20s")) { agent in
            try agent.expectAllWell()
            let begun = try agent.begin(Self.restart) { $0.phase(of: "front") == .soaking }
            let reply = try agent.ask(ControlRequest(.cancelRollout)).last
            agent.kill9()
            #expect(reply?.error == nil && reply?.last == true)
            try agent.startAgain()
            let rollout = try agent.end(of: begun.id)
            #expect(rollout.state == .cancelled, "\(rollout.story)")
            try agent.expectAllWell()
        }
    }

    @Test func `agents killed at any moment leave one instance of each`() throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        var chance = Chance(seed: seed)
        let ports = [try freePort(), try freePort()]
        try withAgent(Self.stack(ports)) { agent in
            try agent.expectAllWell()
            let bystander = try agent.pid(of: "bystander")
            let count = try hammering(ports) { _ in
                for _ in 0..<4 {
                    try agent.catalystctl("restart", "scanner", "front", "--detach")
                    repeat {
                        let moment = Duration.milliseconds(Int(chance.share() * 2500))
                        _ = holds(within: moment) { false }
                        agent.kill9()
                        try agent.startAgain()
                    } while chance.happens(30)
                    let areOver = try holds {
                        try agent.rollouts().allSatisfy(\.state.isOver)
                    }
                    let rollouts = try agent.rollouts()
                    #expect(areOver, "seed \(seed): \(rollouts.map(\.story))")
                    #expect(
                        rollouts.allSatisfy { $0.state == .succeeded },
                        "seed \(seed): \(rollouts.map(\.story))")
                    try agent.expectAllWell()
                    try agent.expectOneEach(Self.names)
                }
            }
            #expect(count.failures.isEmpty, "seed \(seed): \(count)\n\(agent.story())")
            #expect(try agent.pid(of: "bystander") == bystander)
        }
    }

    /// Nothing runs any more, and pids are others' by now: what the state names is only a number.
    @Test(arguments: [RolloutStep.Phase.probing, .soaking, .undoing])
    func `after a reboot in the middle all comes up, and the ledger says how it ended`(
        _ phase: RolloutStep.Phase
    ) throws {
        let ports = [try freePort(), try freePort()]
        let stranger = try Program(["sleep", "1000"], in: Folder())
        defer { stranger.end() }
        try withAgent(Self.stack(ports)) { agent in
            try agent.expectAllWell()
            let begun = try restart(agent, until: phase)
            agent.kill9()
            for name in Self.names { agent.processes(of: name).forEach { kill($0, SIGKILL) } }
            #expect(holds { Self.names.allSatisfy { agent.processes(of: $0).isEmpty } })
            let known = "instances-\(agent.identity).json"
            let state = try #require(agent.folder.text(of: known))
            let ticks = try #require(ProcessEntry.all().first { $0.pid == stranger.pid }).startTicks
            let rebooted = state.replacing(/"boot":"[^"]*"/, with: "\"boot\":\"another\"")
                .replacing(/"pid":\d+/, with: "\"pid\":\(stranger.pid)")
                .replacing(/"startTicks":\d+/, with: "\"startTicks\":\(ticks)")
            #expect(rebooted != state)
            try agent.folder.write(rebooted, to: known)
            try agent.startAgain()
            let rollout = try agent.end(of: begun.id)
            #expect(rollout.message?.isEmpty == false, "\(rollout.story)")
            try agent.expectAllWell()
            try agent.expectOneEach(Self.names)
            #expect(try agent.rollouts().map(\.id) == [begun.id])
            #expect(stranger.isRunning)
        }
    }

    enum Victim { case old, new }

    @Test(arguments: [
        (Victim.new, RolloutStep.Phase.probing), (.new, .soaking), (.old, .probing),
        (.old, .soaking), (.old, .draining),
    ])
    func `an instance killed in the middle costs at most what it was doing`(
        _ victim: Victim, _ phase: RolloutStep.Phase
    ) throws {
        let ports = [try freePort(), try freePort()]
        try withAgent(Self.stack(ports, soak: "1s")) { agent in
            try agent.expectAllWell()
            let old = try agent.pid(of: "scanner")
            let count = try hammering(ports) { _ in
                let begun = try restart(agent, until: phase)
                let started = try agent.events(of: "scanner").last { $0.kind == .started }
                let new = try #require(started?.message.firstMatch(of: /pid (\d+)/))
                let (candidate, doomed) = (pid_t(new.1), victim == .old ? old : pid_t(new.1))
                kill(try #require(doomed), SIGKILL)
                let rollout = try agent.end(of: begun.id)
                let state: Rollout.State = victim == .old ? .succeeded : .failed
                #expect(rollout.state == state, "\(rollout.story)\n\(agent.story())")
                try agent.expectAllWell()
                try agent.expectOneEach(Self.names)
                #expect(try agent.pid(of: "scanner") == (victim == .old ? candidate : old))
            }
            #expect(count.refused == 0, "\(count)")
            // Each of the two clients may have had a request there; at a candidate nobody has.
            let most = (victim == .old) == (phase == .soaking) ? 0 : 2
            #expect(count.failures.values.reduce(0, +) <= most, "\(count)\n\(agent.story())")
        }
    }

    @Test(arguments: [RolloutStep.Phase.probing, .soaking, .draining])
    func `an agent that is stopped in the middle leaves nothing running`(
        _ phase: RolloutStep.Phase
    ) throws {
        let ports = [try freePort(), try freePort()]
        try withAgent(Self.stack(ports)) { agent in
            try agent.expectAllWell()
            let begun = try restart(agent, until: phase)
            #expect(try agent.stop() == 0)
            try agent.startAgain()
            let rollout = try agent.end(of: begun.id)
            #expect(rollout.state == .succeeded, "\(rollout.story)")
            try agent.expectAllWell()
            try agent.expectOneEach(Self.names)
        }
    }
}
