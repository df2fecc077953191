import StackModel
import Supervision
import TestSupport

/// What has to follow the end of an instance: worked out from the policy anew, and compared.
extension Laws {
    struct Expectation {
        enum Outcome {
            case rest, ended(ExitReason), again, failed
            case pause(least: Duration, most: Duration)
        }
        var name: ServiceName
        var outcome: Outcome
    }

    mutating func expect(_ name: ServiceName, _ stack: Stack, _ now: Moment) {
        guard let record = records[name], let policy = stack.members[name]?.spec.restart else {
            return
        }
        switch record.fate {
        case .rest: expectation = Expectation(name: name, outcome: .rest)
        case .startAgain:
            forget(name)
            expectation = Expectation(name: name, outcome: .again)
        case .policy(let reason):
            expectation = Expectation(name: name, outcome: outcome(of: reason, name, policy, now))
        }
    }

    private mutating func outcome(
        of reason: ExitReason, _ name: ServiceName, _ policy: RestartPolicy, _ now: Moment
    ) -> Expectation.Outcome {
        let isContent =
            policy.condition == .never
            || policy.condition == .onFailure && reason == .exited(code: 0)
        if isContent { return .ended(reason) }
        count(name, policy, now)
        guard let record = records[name], !record.wasGivenUp else { return .failed }
        if record.crashes == 1 { return .again }
        var most = policy.backoff.initial
        for _ in 2..<max(2, record.crashes) where most < policy.backoff.max { most = most * 2 }
        most = min(most, policy.backoff.max)
        // A millisecond for what rounding does.
        let least = most * (1 - policy.backoff.jitter) - .milliseconds(1)
        return .pause(least: least, most: most + .milliseconds(1))
    }

    private mutating func count(_ name: ServiceName, _ policy: RestartPolicy, _ now: Moment) {
        records[name]?.crashes += 1
        guard let attemptsMax = policy.attemptsMax else { return }
        records[name]?.attempts.append(now)
        if policy.window > .zero { records[name]?.attempts.removeAll { now - $0 > policy.window } }
        if records[name]?.attempts.count ?? 0 > attemptsMax { records[name]?.wasGivenUp = true }
    }

    mutating func forget(_ name: ServiceName) {
        records[name]?.crashes = 0
        records[name]?.attempts = []
        records[name]?.wasGivenUp = false
    }

    /// An end leads where the policy says: to rest, to a pause of the right length, or to giving
    /// up.
    mutating func settleExpectation(_ transition: Transition, _ stack: Stack, _ now: Moment)
        throws(Violation)
    {
        guard let expected = expectation, expected.name == transition.name else {
            throw Violation("\(transition): nothing ended")
        }
        expectation = nil
        let name = transition.name
        switch (expected.outcome, transition.to) {
        case (.rest, .down(.stopped)), (.again, .held): break
        case (.ended(let reason), .down(.ended(let told))) where reason == told:
            records[name]?.isCompleted = reason == .exited(code: 0)
        case (.pause(let least, let most), .waiting):
            records[name]?.pause = (now + least, now + most)
        case (.failed, .failed):
            let retry = stack.members[name]?.spec.restart.slowRetry ?? .zero
            records[name]?.pause = retry > .zero ? (now + retry, now + retry) : nil
        case (.rest, _), (.ended, _), (.again, _), (.failed, _), (.pause, _):
            throw Violation("\(transition): expected \(expected.outcome)")
        }
    }
}
