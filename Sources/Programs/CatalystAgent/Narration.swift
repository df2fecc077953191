internal import StackModel
internal import Supervision

/// A transition in words; nil where an event before it has told it already.
func narrate(
    _ from: Lifecycle.State, _ to: Lifecycle.State, _ event: Lifecycle.Event, missing: [ServiceName]
) -> (kind: EventRecord.Kind, priority: EventRecord.Priority, message: String)? {
    switch (from, to) {
    case (_, .held) where !missing.isEmpty:
        (.held, .info, "waits for \(missing.map(\.text).joined(separator: ", "))")
    case (.stopping, .clearing) where event == .alarmRang:
        (.killed, .warning, "did not stop in time: killed")
    case (_, .held), (_, .starting), (_, .clearing): nil
    case (.starting, .up): (.ready, .info, "up")
    case (.up, .up): (.forgiven, .info, "well for long: earlier crashes are forgiven")
    case (_, .up): nil
    case (.stopping, .stopping): nil
    case (_, .stopping(let next, _)): (.stopping, .info, stopping(next, event))
    case (_, .waiting(let history)):
        (.backingOff, .warning, "restart \(history.crashes) in a row: pausing before it")
    case (_, .failed(let history)):
        (
            .gaveUp, .critical,
            "given up after \(history.crashes) restarts in a row, tried again slowly"
        )
    case (_, .down(.stopped)): (.down, .info, "stopped")
    case (_, .down(.ended(let reason))):
        (
            .down, reason.isSuccess ? .info : .error,
            reason.isSuccess ? "completed" : "stays down: \(reason)"
        )
    }
}

private func stopping(_ next: Lifecycle.Next, _ event: Lifecycle.Event) -> String {
    switch (next, event) {
    case (_, .hastened): "killed: there is no time left"
    case (.rest, _): "stopping"
    case (.startAgain, _): "stopping, to start again"
    case (.policy, .alarmRang): "stopping: did not become ready in time"
    case (.policy, .becameUnhealthy(hung: true)): "replacing it: it does not answer"
    case (.policy, _): "replacing it: it is unhealthy"
    }
}
