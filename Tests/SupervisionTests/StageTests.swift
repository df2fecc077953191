import StackModel
import Supervision
import TestSupport
import Testing

/// What others are told of a service: its stage, its crashes, and whose fault it is.
struct StageTests {
    @Test func `a state has one word for operators and alerts`() {
        let history = History(crashes: 2)
        let rows: [(Lifecycle.State, ServiceStage, crashes: Int)] = [
            (.down(.stopped), .down, 0),
            (.down(.ended(.exited(code: 0))), .completed, 0),
            (.down(.ended(.exited(code: 1))), .down, 0),
            (.held(history), .held, 2), (.starting(history), .starting, 2),
            (.up(history), .up, 2), (.stopping(.rest, history), .stopping, 2),
            (.clearing(.unhealthy, .startAgain, history), .stopping, 2),
            (.waiting(history), .waiting, 2), (.failed(history), .failed, 2),
        ]
        for (state, stage, crashes) in rows {
            #expect(state.stage == stage, "\(state.words)")
            #expect(state.crashesInARow == crashes, "\(state.words)")
        }
    }

    @Test func `what a held service waits for is followed to where the trouble is`() {
        let stack = stack([.began(stopped: [])])
        #expect(stack.causes(of: "news", judged: .unknown) == ["redis"])
        #expect(stack.causes(of: "scanner", judged: .unknown) == ["redis"])
        #expect(stack.causes(of: "redis", judged: .unknown).isEmpty)
    }

    @Test(
        arguments: [
            (Verdict.blocked, ["redis"]), (.degraded, ["redis"]), (.unhealthy, []), (.unknown, []),
            (.healthy, []),
        ] as [(Verdict, [Subject])])
    func `others are to blame where the verdict leaves room for it`(
        _ verdict: Verdict, _ causes: [Subject]
    ) {
        let stack = stack(StackStories.up + [.judged("redis", .unhealthy, hung: false)])
        #expect(stack.causes(of: "scanner", judged: verdict) == causes)
    }

    @Test func `what is not wanted is nobody's fault`() {
        let stack = stack(
            StackStories.up + [
                .stopRequested(["news"]), .judged("redis", .unhealthy, hung: false),
            ])
        #expect(stack.causes(of: "news", judged: .blocked).isEmpty)
    }

    /// After these events; what is spawned is there at once.
    private func stack(_ events: [Stack.Event]) -> Stack {
        var stack = Stack(StackSpec(name: "story", services: StackStories.chain))
        var inbox = events
        while !inbox.isEmpty {
            let effects = stack.receive(
                inbox.removeFirst(), in: Lifecycle.Surroundings(now: .zero, chance: 0))
            for case .service(let name, .spawn) in effects {
                inbox.insert(.happened(name, .spawned(saysWhenReady: true)), at: 0)
            }
        }
        return stack
    }
}
