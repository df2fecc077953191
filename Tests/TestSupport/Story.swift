// A release build has no such module: whoever builds all of it needs none of this.
#if canImport(Testing)
package import StackModel
package import Supervision
package import Testing

extension LifePolicy {
    /// For stories: 10 s to start, 5 s to stop, 1 s when hung; restarted always, and never given
    /// up.
    package static let patient = LifePolicy(
        restart: .always(), startLimit: .seconds(10), stopLimit: .seconds(5), hangLimit: .seconds(1)
    )

    /// The same, given up after `attempts` restarts.
    package static func givesUp(
        after attempts: Int, slowRetry: Duration = .seconds(300), window: Duration = .zero
    ) -> LifePolicy {
        var policy = patient
        policy.restart.attemptsMax = attempts
        policy.restart.slowRetry = slowRetry
        policy.restart.window = window
        return policy
    }

    package static func restarts(_ condition: RestartPolicy.Condition) -> LifePolicy {
        var policy = patient
        policy.restart.condition = condition
        return policy
    }
}

extension RestartPolicy {
    package static func always() -> RestartPolicy {
        var policy = RestartPolicy()
        policy.condition = .always
        return policy
    }
}

/// Expects that the life of one service goes as `transcript` says: a line an event, with the state
/// before and after, and what is to be done. Time passes with alarms only; jitter takes nothing
/// off.
package func expectStory(
    _ events: [Lifecycle.Event], from first: Lifecycle.State = .down(.stopped), policy: LifePolicy,
    _ transcript: String, at location: SourceLocation = #_sourceLocation
) {
    var now = Moment.zero
    var alarm: Moment?
    var state = first
    var rows: [[String]] = []
    for event in events {
        if event == .alarmRang, let alarm { now = alarm }
        let (next, effects) = Lifecycle.step(
            state, event, policy: policy, in: Lifecycle.Surroundings(now: now, chance: 0))
        for effect in effects {
            if case .setAlarm(let delay) = effect { alarm = now + delay }
            if effect == .clearAlarm { alarm = nil }
        }
        let orders = effects.map(\.words).joined(separator: ", ")
        rows.append([
            state.words, event.words, "→ " + (next == state ? "same" : next.words), orders,
        ])
        state = next
    }
    expectText(table(rows), transcript, at: location)
}
#endif
