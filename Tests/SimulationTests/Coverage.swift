import StackModel
import Supervision
import TestSupport

/// Which rows of the transition table, and which deeds of the stack, some seed reached.
struct Coverage {
    private(set) var reached: Set<String> = []

    mutating func reach(_ place: String) { reached.insert(place) }
    mutating func merge(_ other: Coverage) { reached.formUnion(other.reached) }

    /// Infers what `Lifecycle.step` was asked; what changes nothing leaves no other trace.
    mutating func note(_ event: Stack.Event, _ effects: [Stack.Effect], from old: Stack, to new: Stack) {
        switch event {
        case .happened(let name, let event): note(event, name, effects, old)
        case .judged(let name, .healthy, _), .judged(let name, .degraded, _): reach(.becameReady, name, old)
        case .judged: break
        case .began(let stopped):
            for name in old.order where !stopped.contains(name) { reach(.startRequested, name, old) }
        case .startRequested(let names), .restartRequested(let names):
            for name in names where !old.isShuttingDown { reach(.startRequested, name, old) }
        case .stopRequested, .reloaded, .shutdownRequested: break
        case .hastened:
            for name in old.order { reach(.hastened, name, old) }
        }
        for effect in effects { note(effect) }
        if let turn = new.pendingRestarts.first, turn != old.pendingRestarts.first { reach(.restartRequested, turn, old) }
    }

    private mutating func note(
        _ event: Lifecycle.Event, _ name: ServiceName, _ effects: [Stack.Effect], _ stack: Stack
    ) {
        let isRespite = event == .alarmRang && stack.members[name]?.state.isRunning == true
        if isRespite, case .service(name, .setAlarm)? = effects.first {
            reach("respite while \(stack.members[name]?.state.kind ?? "")")
        } else {
            reach(event, name, stack)
        }
    }

    private mutating func note(_ effect: Stack.Effect) {
        switch effect {
        case .transitioned(_, let from, _, let cause): reach(row(from, cause))
        case .adjusted: reach("adjusted")
        case .removed: reach("removed")
        case .restartAbandoned: reach("restart abandoned")
        case .finished: reach("finished")
        case .service: break
        }
    }

    private mutating func reach(_ event: Lifecycle.Event, _ name: ServiceName, _ stack: Stack) {
        if let state = stack.members[name]?.state { reach(row(state, event)) }
    }

    /// All that has to be reached: every row that is no anomaly, and the deeds.
    static let wanted: Set<String> = {
        let history = History()
        let reason = ExitReason.unknown
        let states: [Lifecycle.State] = [
            .down(.stopped), .held(history), .starting(history), .up(history), .stopping(.rest, history),
            .clearing(reason, .rest, history), .waiting(history), .failed(history),
        ]
        let events: [Lifecycle.Event] = [
            .startRequested, .stopRequested, .restartRequested, .permitted, .spawned(saysWhenReady: true),
            .spawned(saysWhenReady: false), .spawnFailed(""), .becameReady, .becameUnhealthy(hung: true),
            .becameUnhealthy(hung: false), .exited(reason), .emptied, .extended(.zero), .alarmRang, .hastened,
        ]
        var rows: Set<String> = [
            "adjusted", "removed", "restart abandoned", "finished", "settled", "respite while starting",
            "respite while up",
        ]
        let policy = LifePolicy(restart: RestartPolicy(), startLimit: nil, stopLimit: .zero, hangLimit: .zero)
        for state in states {
            for event in events {
                let (_, effects) = Lifecycle.step(
                    state, event, policy: policy, in: Lifecycle.Surroundings(now: .zero, chance: 0))
                if effects != [.reportAnomaly(state, event)] { rows.insert(row(state, event)) }
            }
        }
        return rows
    }()
}

private func row(_ state: Lifecycle.State, _ event: Lifecycle.Event) -> String { "\(state.kind) \(event.kind)" }

extension Lifecycle.State {
    fileprivate var kind: String {
        switch self {
        case .down: "down"
        case .held: "held"
        case .starting: "starting"
        case .up: "up"
        case .stopping: "stopping"
        case .clearing: "clearing"
        case .waiting: "waiting"
        case .failed: "failed"
        }
    }
}

extension Lifecycle.Event {
    fileprivate var kind: String {
        switch self {
        case .spawnFailed: "spawnFailed"
        case .exited: "exited"
        case .extended: "extended"
        case .startRequested, .stopRequested, .restartRequested, .permitted, .spawned, .becameReady,
            .becameUnhealthy, .emptied, .alarmRang, .hastened:
            words
        }
    }
}
