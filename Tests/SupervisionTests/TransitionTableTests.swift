import StackModel
import Supervision
import TestSupport
import Testing

/// The whole of `Lifecycle.step`, printed: the state diagram that cannot go stale.
struct TransitionTableTests {
    private let crash = ExitReason.exited(code: 1)

    private var states: [Lifecycle.State] {
        let history = History(crashes: 1)
        return [
            .down(.stopped), .down(.ended(crash)), .held(history), .starting(history), .up(history),
            .stopping(.rest, history), .stopping(.startAgain, history),
            .stopping(.policy(.unhealthy), history),
            .clearing(crash, .rest, history), .clearing(crash, .startAgain, history),
            .clearing(crash, .policy(crash), history), .waiting(history), .failed(history),
        ]
    }

    private var events: [Lifecycle.Event] {
        [
            .startRequested, .stopRequested, .restartRequested, .permitted,
            .spawned(saysWhenReady: true),
            .spawned(saysWhenReady: false), .spawnFailed("…"), .becameReady,
            .becameUnhealthy(hung: false),
            .becameUnhealthy(hung: true), .exited(crash), .emptied, .extended(.seconds(60)),
            .alarmRang, .hastened, .tookOver, .found(saysWhenReady: true),
            .found(saysWhenReady: false),
        ]
    }

    @Test func `the table of all transitions is as recorded`() {
        var rows: [[String]] = []
        for state in states {
            for event in events {
                let (next, effects) = Lifecycle.step(
                    state, event, policy: .patient,
                    in: Lifecycle.Surroundings(now: .zero, chance: 0))
                let isAnomaly = effects == [.reportAnomaly(state, event)]
                let result = isAnomaly ? "cannot happen" : next == state ? "same" : next.words
                let orders = isAnomaly ? "" : effects.map(\.words).joined(separator: ", ")
                rows.append([state.words, event.words, "→ " + result, orders])
            }
        }
        expectText(table(rows), inFile: "Snapshots/transitions.txt")
    }
}
