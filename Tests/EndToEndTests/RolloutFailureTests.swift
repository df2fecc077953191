import ControlProtocol
import Glibc
import StackModel
import Testing

/// Releases that are no good, in all the ways there are: users see nothing, and all is as before.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct RolloutFailureTests {
    fileprivate typealias Part = Source.Part

    enum Badness: CaseIterable {
        case cannotStart, crashesAtStart, neverHealthy, saysAnotherVersion

        fileprivate var part: Part {
            switch self {
            case .cannotStart: Part(rules: Source.strict, directory: "/missing")
            case .crashesAtStart: bad("--crash-at-start", "--exit-code 3")
            case .neverHealthy: bad("--unhealthy-after 0")
            case .saysAnotherVersion: Part(rules: Source.strict, version: "--version-name 9.9.9")
            }
        }

        /// What the operator reads.
        var reason: String {
            switch self {
            case .cannotStart: "missing"
            case .crashesAtStart: "exited with code 3"
            case .neverHealthy: "unhealthy"
            case .saysAnotherVersion: "9.9.9"
            }
        }
    }

    private static let hello = Part(flags: ["--lines hello"])

    /// Everything runs what it ran before, and `front` was rolled and came back.
    private func expectUndone(
        _ rollout: Rollout, _ agent: RunningAgent, _ source: Source, _ first: Rollout,
        _ before: [ServiceName: pid_t]
    ) throws {
        #expect(rollout.state == .failed, "\(rollout.story)")
        #expect(rollout.failure?.service == "scanner")
        #expect(rollout.phase(of: "front") == .rolledBack, "\(rollout.story)")
        #expect(rollout.phase(of: "scanner") == .rolledBack, "\(rollout.story)")
        #expect(rollout.phase(of: "base") == .skipped, "\(rollout.story)")
        #expect(source.current == first.release)
        try agent.expect(Source.names, in: first.release, of: source)
        for name: ServiceName in ["base", "scanner", "bystander"] {
            #expect(try agent.pid(of: name) == before[name], "\(rollout.story)")
        }
    }

    /// One alert, until a deploy succeeds.
    private func expectOneAlert(_ agent: RunningAgent, _ source: Source) throws {
        let alert = try agent.alert(about: "scanner") { $0.rule.rawValue == "rollout-failed" }
        #expect(alert.severity == .critical)
        #expect(try agent.alerts(all: true).map(\.id) == [alert.id], "nothing else")
        try source.write("3.0.0", ["scanner": Part(flags: ["--lines fixed"])])
        try agent.deploy(source)
        try agent.expectResolved(alert.id)
    }

    @Test(arguments: Badness.allCases)
    func `no user reaches a new instance that is no good`(_ badness: Badness) throws {
        try withDeployed { agent, source, first in
            let before = try agent.pids()
            try source.write(
                "2.0.0",
                ["front": Self.hello, "scanner": badness.part, "base": Self.hello],
                soak: "200ms")
            var outcome = Outcome(status: 0, output: "", errors: "")
            let count = try hammering(source.ports) { _ in
                outcome = try agent.catalystctl("deploy", source.path)
            }
            #expect(count.failures.isEmpty, "\(count)")
            #expect(outcome.status == 1, "\(outcome)")
            let words = outcome.output + outcome.errors
            #expect(words.contains(badness.reason), "\(outcome)")
            let isSilent = badness == .cannotStart || badness == .crashesAtStart
            #expect(words.contains("last lines it wrote") == !isSilent, "\(outcome)")
            #expect(words.contains("undone"), "\(outcome)")
            let rollout = try #require(try agent.rollouts().first)
            try expectUndone(rollout, agent, source, first, before)
            try expectOneAlert(agent, source)
        }
    }

    @Test(arguments: ["unhealthy", "crash?code=3", "crash?signal=9", "hang"])
    func `one that turns bad among its users is taken from them`(_ fault: String) throws {
        try withDeployed { agent, source, first in
            let before = try agent.pids()
            try source.write(
                "2.0.0",
                [
                    "front": Self.hello, "base": Self.hello,
                    "scanner": Part(flags: ["--lines hello"], monitor: "20s"),
                ], soak: "100ms")
            var ended: Rollout?
            let count = try hammering(source.ports) { hammer in
                let id = try agent.beginDeploy(source) { $0.phase(of: "scanner") == .soaking }
                try hammer.expectAnswers()
                try http("POST", port: source.ports[1], "/fault/\(fault)", from: "127.0.0.2")
                ended = try agent.end(of: id)
            }
            if fault == "unhealthy" {
                #expect(count.failures.isEmpty, "\(count)")
            } else {
                #expect(count.refused == 0, "\(count)")
                // Those in flight, and those that came before the agent knew.
                #expect(count.failures.values.reduce(0, +) <= 4, "\(count)")
            }
            try expectUndone(try #require(ended), agent, source, first, before)
            try expectOneAlert(agent, source)
        }
    }

    @Test func `an old instance that dies during the soak is not missed`() throws {
        try withDeployed { agent, source, first in
            try source.write("2.0.0", ["scanner": Self.hello], soak: "1s")
            let old = try agent.pid(of: "scanner")
            let count = try hammering(source.ports) { hammer in
                let id = try agent.beginDeploy(source) { $0.phase(of: "scanner") == .soaking }
                try hammer.expectAnswers()
                kill(old, SIGKILL)
                let rollout = try agent.end(of: id)
                #expect(rollout.state == .succeeded, "\(rollout.story)")
                try agent.expect(["scanner"], in: rollout.release, of: source)
            }
            #expect(count.failures.isEmpty, "\(count)")
        }
    }

    @Test func `paused, it waits for the operator, who goes on or goes back`() throws {
        try withDeployed { agent, source, first in
            try source.write(
                "2.0.0",
                [
                    "front": Self.hello, "scanner": bad("--crash-at-start"),
                    "base": Self.hello,
                ], soak: "100ms", onFailure: "pause")
            for isToGoOn in [false, true] {
                let count = try hammering(source.ports) { _ in
                    let id = try agent.beginDeploy(source)
                    let paused = try agent.follow(id) { $0.state == .paused }
                    #expect(paused.phase(of: "scanner") == .rolledBack, "\(paused.story)")
                    #expect(paused.phase(of: "base") == .waiting, "\(paused.story)")
                    let next = paused.release
                    try agent.expect(["front"], in: next, of: source)
                    try agent.expect(["scanner", "base"], in: first.release, of: source)
                    agent.kill9()
                    try agent.startAgain()
                    #expect(try agent.rollout(id).state == .paused, "it still waits")
                    let verb = isToGoOn ? "resume" : "cancel"
                    #expect(try agent.catalystctl("rollouts", verb).status == 0)
                    let rollout = try agent.end(of: id)
                    #expect(
                        rollout.state == (isToGoOn ? .failed : .cancelled), "\(rollout.story)")
                    let rest = isToGoOn ? next : first.release
                    try agent.expect(["front", "base"], in: rest, of: source)
                    try agent.expect(["scanner"], in: first.release, of: source)
                }
                #expect(count.failures.isEmpty, "\(count)")
            }
        }
    }

    @Test func `without a socket the old one comes back too`() throws {
        let port = try freePort()
        try withDeployed(more: [Piece.web("plain", port: port)]) { agent, source, first in
            let before = try agent.pids()
            let flags = ["--crash-at-start", "--exit-code", "3"]
            try source.write("2.0.0", more: [Piece.web("plain", port: port, flags)])
            let outcome = try agent.catalystctl("deploy", source.path)
            #expect(outcome.status == 1, "\(outcome)")
            #expect((outcome.output + outcome.errors).contains("code 3"), "\(outcome)")
            let rollout = try #require(try agent.rollouts().first)
            #expect(rollout.steps.map(\.service) == ["plain"], "\(rollout.story)")
            #expect(rollout.steps.first?.way == .stopFirst)
            #expect(rollout.phase(of: "plain") == .rolledBack, "\(rollout.story)")
            try agent.expectAllWell()
            try agent.expectOneEach(["plain", "bystander"])
            #expect(try agent.pid(of: "plain") != before["plain"])
            #expect(try http("GET", port: port, "/health").contains("200 OK"))
            #expect(source.current == first.release)
        }
    }

    @Test func `one that fails need not stop the others`() throws {
        try withDeployed { agent, source, first in
            try source.write(
                "2.0.0",
                [
                    "front": Self.hello, "scanner": bad("--crash-at-start"),
                    "base": Self.hello,
                ], soak: "100ms", onFailure: "continue")
            let count = try hammering(source.ports) { _ in
                let outcome = try agent.catalystctl("deploy", source.path)
                #expect(outcome.status == 1, "\(outcome)")
            }
            #expect(count.failures.isEmpty, "\(count)")
            let rollout = try #require(try agent.rollouts().first)
            #expect(rollout.state == .failed, "\(rollout.story)")
            try agent.expect(["front", "base"], in: rollout.release, of: source)
            try agent.expect(["scanner"], in: first.release, of: source)
        }
    }
}

/// It is known soon that it is.
private func bad(_ flags: String...) -> Source.Part {
    Source.Part(flags: flags, rules: Source.strict)
}
