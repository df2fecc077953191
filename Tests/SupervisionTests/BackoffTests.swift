import StackModel
import Testing

@testable import Supervision

struct BackoffTests {
    private let backoff = Backoff()

    private func pause(before restart: Int, chance: Double = 0) -> Duration {
        backoff.pause(before: History(crashes: restart), chance: chance)
    }

    @Test
    func `the first restart is at once, the next ones wait twice as long each, up to the longest`()
    {
        #expect(pause(before: 1) == .zero)
        #expect((2...6).map { pause(before: $0).milliseconds } == [100, 200, 400, 800, 1600])
        #expect(pause(before: 10) == .milliseconds(25_600))
        #expect(pause(before: 11) == .seconds(30))
        #expect(pause(before: 1_000_000) == .seconds(30))
    }

    @Test func `jitter takes off up to its share and never adds`() {
        #expect(pause(before: 11, chance: 0.5) == .seconds(27))
        #expect(pause(before: 11, chance: 0.999_999) > .seconds(24))
        #expect(pause(before: 2, chance: 0.999_999) > .milliseconds(80))
    }

    @Test func `absurd durations do not trap`() {
        var forever = Backoff()
        forever.initial = .nanoseconds(Int64.max)
        forever.max = .nanoseconds(Int64.max)
        #expect(
            forever.pause(before: History(crashes: 90), chance: 0) > .seconds(86_400 * 365 * 200))
        #expect(Moment.zero + forever.pause(before: History(crashes: 90), chance: 0) > .zero)
    }

    @Test func `attempts outside the window are forgotten`() {
        var policy = RestartPolicy()
        policy.attemptsMax = 3
        policy.window = .seconds(60)
        var history = History()
        for second in [0, 10, 20] { history = history.attempted(at: at(second), policy: policy) }
        #expect(!history.wasGivenUp)
        #expect(!history.attempted(at: at(61), policy: policy).wasGivenUp)
        #expect(history.attempted(at: at(60), policy: policy).wasGivenUp)
    }

    @Test func `without a window attempts count until the service is well for long`() {
        var policy = RestartPolicy()
        policy.attemptsMax = 2
        var history = History()
        for second in [0, 10_000] { history = history.attempted(at: at(second), policy: policy) }
        #expect(history.attempted(at: at(20_000), policy: policy).wasGivenUp)
        #expect(history.forgiven(by: policy) == History())
    }

    @Test func `a long healthy life ends the pauses but not the window`() {
        var policy = RestartPolicy()
        policy.attemptsMax = 2
        policy.window = .seconds(600)
        var history = History()
        for second in [0, 100, 200] {
            history = history.forgiven(by: policy).attempted(at: at(second), policy: policy)
            #expect(history.crashes == 1)
        }
        #expect(history.wasGivenUp)
    }

    @Test func `no more attempts are kept than can matter`() {
        var policy = RestartPolicy()
        policy.attemptsMax = 5
        var history = History()
        for second in 0..<1000 { history = history.attempted(at: at(second), policy: policy) }
        #expect(history.attempts.count == 6)
        policy.attemptsMax = nil
        #expect(History().attempted(at: at(1), policy: policy).attempts.isEmpty)
    }

    @Test func `a policy decides by how it ended`() {
        func wanted(_ condition: RestartPolicy.Condition) -> [Bool] {
            var policy = RestartPolicy()
            policy.condition = condition
            return [ExitReason.exited(code: 0), .exited(code: 1), .unhealthy, .unknown]
                .map(policy.wantsRestart)
        }
        #expect(wanted(.always) == [true, true, true, true])
        #expect(wanted(.onFailure) == [false, true, true, true])
        #expect(wanted(.never) == [false, false, false, false])
    }

    private func at(_ second: Int) -> Moment { .zero + .seconds(second) }
}
