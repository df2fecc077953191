import ControlProtocol
import Glibc
import StackModel
import Testing

/// What people may want of a rollout: not now, not at all, not any more.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct RolloutWishTests {
    private static let restart = ControlRequest(.restart)

    /// `one` is rolled last: `two` needs it.
    private static func pair(
        _ ports: [UInt16], _ flags: [String] = [], rolling: String = "drain: 50ms",
        soak: String = "200ms"
    ) -> String {
        Piece.stack(
            Piece.listening("one", port: ports[0], flags, rolling: rolling),
            Piece.listening(
                "two", port: ports[1], more: "depends_on: {one: {condition: service_healthy}}"))
            + Piece.soak(soak)
    }

    private func twoPorts() throws -> [UInt16] { [try freePort(), try freePort()] }

    @Test func `a hold command makes it wait until it says so no longer`() throws {
        let folder = try Folder()
        let ports = try twoPorts()
        let rolling = "drain: 50ms, hold: {command: [cat, \(folder.path)/busy], every: 100ms}"
        try folder.write("three orders are open\n", to: "busy")
        try withAgent(in: folder, { _ in Self.pair(ports, rolling: rolling) }) { agent in
            try agent.expectAllWell()
            let before = try agent.pids()
            let held = try agent.begin(Self.restart) { $0.phase(of: "one") == .held }
            #expect(held.phase(of: "two") == .done, "\(held.story)")
            #expect(
                held.steps.last?.problem == "its hold command says 'not now': three orders are open"
            )
            #expect(try agent.pid(of: "one") == before["one"])
            unlink("\(folder.path)/busy")
            let rollout = try agent.end(of: held.id)
            #expect(rollout.state == .succeeded, "\(rollout.story)")
            #expect(rollout.steps.last?.problem == nil)
            #expect(try agent.pid(of: "one") != before["one"])
        }
    }

    @Test func `who is held for too long keeps what it has`() throws {
        let ports = try twoPorts()
        let rolling = "drain: 50ms, hold: {command: 'true', every: 100ms, limit: 300ms}"
        try withAgent(Self.pair(ports, rolling: rolling)) { agent in
            try agent.expectAllWell()
            let before = try agent.pids()
            let outcome = try agent.catalystctl("restart", "one")
            #expect(outcome.status == 1, "\(outcome)")
            #expect((outcome.output + outcome.errors).contains("not now"), "\(outcome)")
            let rollout = try #require(try agent.rollouts().first)
            #expect(rollout.state == .failed, "\(rollout.story)")
            #expect(try agent.pids() == before)
            try agent.expectAllWell()
        }
    }

    @Test func `in a freeze window nothing is rolled without a reason`() throws {
        let stack =
            Piece.stack(Piece.sleeper("one"))
            + "x-catalyst: {freeze: ['Sun 00:00-00:01 Asia/Tokyo', 'Mon-Sun 00:00-24:00']}\n"
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            let before = try agent.pid(of: "one")
            let outcome = try agent.catalystctl("restart", "one")
            #expect(outcome.status != 0, "\(outcome)")
            #expect(outcome.errors.contains("frozen"), "\(outcome)")
            #expect(outcome.errors.contains("--override-freeze"), "\(outcome)")
            #expect(try agent.rollouts().isEmpty)
            #expect(try agent.pid(of: "one") == before)
            let plan = try agent.catalystctl("restart", "--plan")
            #expect(plan.status == 0 && plan.output.contains("frozen"), "\(plan)")
            let why = "the exchange is closed today"
            let forced = try agent.catalystctl("restart", "one", "--override-freeze", why)
            #expect(forced.status == 0, "\(forced)")
            #expect(try agent.pid(of: "one") != before)
            #expect(try agent.rollouts().first?.reason?.contains(why) == true)
        }
    }

    @Test func `a plan changes nothing, and a second rollout is refused while one is under way`()
        throws
    {
        let ports = try twoPorts()
        try withAgent(Self.pair(ports, soak: "30s")) { agent in
            try agent.expectAllWell()
            let before = try agent.pids()
            let plan = try agent.catalystctl("restart", "--plan")
            #expect(plan.status == 0, "\(plan)")
            let names = try ["two", "one"].map { try #require(plan.output.firstRange(of: $0)) }
            #expect(names[0].lowerBound < names[1].lowerBound, "\(plan)")
            #expect(try agent.pids() == before)
            #expect(try agent.rollouts().isEmpty)
            let first = try agent.begin(Self.restart) { $0.phase(of: "two") == .soaking }
            let second = try agent.catalystctl("restart", "one")
            #expect(second.status == 1, "\(second)")
            #expect(second.errors.contains("rollout \(first.id)"), "\(second)")
            #expect(try agent.catalystctl("rollouts", "cancel").status == 0)
            #expect(try agent.end(of: first.id).state == .cancelled)
        }
    }

    @Test(arguments: [RolloutStep.Phase.probing, .soaking])
    func `cancelled in the middle, what is under way goes back`(_ phase: RolloutStep.Phase) throws {
        let ports = try twoPorts()
        try withAgent(Self.pair(ports, ["--slow-start", "0.3"], soak: "1s")) { agent in
            try agent.expectAllWell()
            let before = try agent.pids()
            let count = try hammering(ports) { hammer in
                let begun = try agent.begin(Self.restart) { $0.phase(of: "one") == phase }
                let two = try agent.pid(of: "two")
                try hammer.expectAnswers()
                #expect(try agent.catalystctl("rollouts", "cancel").status == 0)
                let rollout = try agent.end(of: begun.id)
                #expect(rollout.state == .cancelled, "\(rollout.story)")
                #expect(rollout.cancelledBy != nil)
                #expect(rollout.phase(of: "one") == .rolledBack, "\(rollout.story)")
                #expect(try agent.pid(of: "one") == before["one"])
                #expect(try agent.pid(of: "two") == two && two != before["two"])
                try agent.expectOneEach(["one", "two"])
            }
            #expect(count.failures.isEmpty, "\(count)")
            #expect(try agent.catalystctl("restart").status == 0)
        }
    }

    @Test(arguments: [RolloutStep.Phase.probing, .soaking])
    func `what the operator stops in the middle stays stopped`(_ phase: RolloutStep.Phase) throws {
        let ports = try twoPorts()
        try withAgent(Self.pair(ports, ["--slow-start", "0.3"], soak: "1s")) { agent in
            try agent.expectAllWell()
            let begun = try agent.begin(Self.restart) { $0.phase(of: "one") == phase }
            #expect(try agent.catalystctl("stop", "one").status == 0)
            let rollout = try agent.end(of: begun.id)
            #expect(rollout.state == .failed, "\(rollout.story)")
            #expect(rollout.message?.contains("was stopped by the operator") == true)
            try agent.expect("one", "is down") { $0.state == .down && $0.pid == nil }
            #expect(holds { agent.processes(of: "one").isEmpty })
            try agent.expectOneEach(["two"])
            #expect(try agent.catalystctl("start", "one").status == 0)
            try agent.expectAllWell()
            try agent.expectOneEach(["one", "two"])
        }
    }
}
