import StackModel
import Supervision
import TestSupport

/// Which rows of the transition table, and which deeds of the stack, some seed reached.
struct Coverage {
    enum Deed: String, CaseIterable {
        case adjusted, removed, finished, settled
        case restartAbandoned, startRespited, forgivenessRespited, braked
    }

    struct Row: Hashable, CustomStringConvertible {
        let state: String
        let event: String
        var description: String { "\(state) \(event)" }
    }

    private(set) var rows: Set<Row> = []
    private(set) var deeds: Set<Deed> = []
    /// What the next effects tell about: the alarm that rang, and whose turn it was to be
    /// restarted.
    private var alarm: (name: ServiceName, state: Lifecycle.State)?
    private var turn: ServiceName?

    mutating func reach(_ deed: Deed) { deeds.insert(deed) }

    mutating func merge(_ other: Coverage) {
        rows.formUnion(other.rows)
        deeds.formUnion(other.deeds)
    }

    /// What neither this nor anything merged into it reached.
    var unreached: [String] {
        Self.possible.subtracting(rows).map(\.description).sorted()
            + Deed.allCases.filter { !deeds.contains($0) }.map(\.rawValue)
    }

    /// Infers what `Lifecycle.step` is going to be asked; what changes nothing leaves no other
    /// trace.
    mutating func note(_ event: Stack.Event, before stack: Stack) {
        alarm = nil
        turn = stack.pendingRestarts.first
        switch event {
        case .happened(let name, .alarmRang): alarm = stack.members[name].map { (name, $0.state) }
        case .happened(let name, let event): reach(event, name, stack)
        case .judged(let name, .healthy, _), .judged(let name, .degraded, _):
            reach(.becameReady, name, stack)
        case .judged, .troubled, .stopRequested, .reloaded, .shutdownRequested, .replaceRequested,
            .tookOver, .removeRequested:
            break
        case .began(let stopped, _, _):
            for name in stack.order where !stopped.contains(name) {
                reach(.startRequested, name, stack)
            }
        case .startRequested(let names), .restartRequested(let names):
            for name in names where !stack.isShuttingDown { reach(.startRequested, name, stack) }
        case .hastened:
            for name in stack.order { reach(.hastened, name, stack) }
        }
    }

    mutating func note(_ effects: [Stack.Effect], after stack: Stack) {
        noteAlarm(effects)
        for effect in effects {
            switch effect {
            case .transitioned(_, let from, _, let cause): rows.insert(Row(from, cause))
            case .adjusted: reach(.adjusted)
            case .removed: reach(.removed)
            case .restartAbandoned: reach(.restartAbandoned)
            case .braked: reach(.braked)
            case .finished: reach(.finished)
            case .service: break
            }
        }
        if let next = stack.pendingRestarts.first, next != turn {
            reach(.restartRequested, next, stack)
        }
    }

    private mutating func noteAlarm(_ effects: [Stack.Effect]) {
        guard let (name, state) = alarm else { return }
        let order = effects.first == .braked(name) ? effects.dropFirst().first : effects.first
        if state.isRunning, case .service(name, .setAlarm)? = order {
            if case .up = state { reach(.forgivenessRespited) } else { reach(.startRespited) }
        } else {
            rows.insert(Row(state, .alarmRang))
        }
    }

    private mutating func reach(_ event: Lifecycle.Event, _ name: ServiceName, _ stack: Stack) {
        if let state = stack.members[name]?.state { rows.insert(Row(state, event)) }
    }

    /// Every row that is no anomaly.
    private static let possible: Set<Row> = {
        let history = History()
        let reason = ExitReason.unknown
        let states: [Lifecycle.State] = [
            .down(.stopped), .held(history), .starting(history), .up(history),
            .stopping(.rest, history),
            .clearing(reason, .rest, history), .waiting(history), .failed(history),
        ]
        let events: [Lifecycle.Event] = [
            .startRequested, .stopRequested, .restartRequested, .permitted,
            .spawned(saysWhenReady: true),
            .spawned(saysWhenReady: false), .spawnFailed(""), .becameReady,
            .becameUnhealthy(hung: true),
            .becameUnhealthy(hung: false), .exited(reason), .emptied, .extended(.zero), .alarmRang,
            .hastened,
        ]
        let policy = LifePolicy(
            restart: RestartPolicy(), startLimit: nil, stopLimit: .zero, hangLimit: .zero)
        var rows: Set<Row> = []
        for state in states {
            for event in events {
                let (_, effects) = Lifecycle.step(
                    state, event, policy: policy, in: Lifecycle.Surroundings(now: .zero, chance: 0))
                if effects != [.reportAnomaly(state, event)] { rows.insert(Row(state, event)) }
            }
        }
        return rows
    }()
}

extension Coverage.Row {
    fileprivate init(_ state: Lifecycle.State, _ event: Lifecycle.Event) {
        self.init(state: Self.word(state), event: Self.word(event))
    }

    private static func word(_ state: Lifecycle.State) -> String {
        switch state {
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

    private static func word(_ event: Lifecycle.Event) -> String {
        switch event {
        case .spawnFailed: "spawnFailed"
        case .exited: "exited"
        case .extended: "extended"
        case .startRequested, .stopRequested, .restartRequested, .permitted, .spawned, .becameReady,
            .becameUnhealthy, .emptied, .alarmRang, .hastened, .tookOver, .found:
            event.words
        }
    }
}
