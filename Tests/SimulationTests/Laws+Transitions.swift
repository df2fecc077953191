import StackModel
import Supervision
import TestSupport

struct Transition: CustomStringConvertible {
    var name: ServiceName
    var from: Lifecycle.State
    var to: Lifecycle.State
    var cause: Lifecycle.Event

    var description: String { "\(name): \(from.words) → \(to.words) because \(cause.words)" }
}

/// Each change of a service's state has its reason.
extension Laws {
    mutating func seeTransition(
        _ transition: Transition, because event: Stack.Event, _ stack: Stack, _ now: Moment
    ) throws(Violation) {
        let name = transition.name
        switch transition.cause {
        case .emptied, .spawnFailed: try settleExpectation(transition, stack, now)
        case .startRequested, .restartRequested: try seeAsked(transition, because: event)
        case .stopRequested, .hastened: try seeStop(transition, stack)
        case .becameUnhealthy: try seeReplacement(transition, stack, now)
        case .alarmRang: try seeAlarm(transition, stack, now)
        case .exited:
            guard case .clearing(_, .policy(let reason), _) = transition.to,
                reason == records[name]?.toldReason
            else { throw Violation("\(transition): it ended otherwise") }
            records[name]?.fate = .policy(reason)
        case .becameReady: try seeReady(transition, stack)
        case .permitted, .spawned, .extended, .tookOver, .found: break
        }
        if case .up = transition.to, records[name]?.upSince == nil {
            records[name]?.upSince = (
                now, stack.members[name]?.spec.restart.backoff.resetAfter ?? .zero
            )
        }
        if case .down = transition.to { forget(name) }
        if case .held = transition.to { records[name]?.isCompleted = false }
    }

    /// A service is started or restarted at once only because somebody asked, and pauses for nobody
    /// who did.
    private mutating func seeAsked(_ transition: Transition, because event: Stack.Event)
        throws(Violation)
    {
        let name = transition.name
        guard records[name]?.isWanted == true else {
            throw Violation("\(transition): it is not wanted")
        }
        let isRestart = transition.cause == .restartRequested
        if isRestart, restartsAsked.remove(name) == nil {
            throw Violation("\(transition): nobody asked")
        }
        if !isRestart {
            switch event {
            case .began, .startRequested, .restartRequested, .reloaded: break
            case .happened, .judged, .troubled, .stopRequested, .shutdownRequested, .hastened,
                .replaceRequested, .tookOver, .removeRequested:
                throw Violation("\(transition): nobody asked")
            }
        }
        switch transition.to {
        case .held:
            records[name]?.pause = nil
            if case .waiting = transition.from { break }
            forget(name)
        case .stopping(.startAgain, _), .clearing(_, .startAgain, _):
            records[name]?.fate = .startAgain
        case .down, .starting, .up, .waiting, .failed, .stopping, .clearing:
            throw Violation("\(transition): no way to start")
        }
    }

    /// Only what is not wanted stops for good, and only after all that leans on it and has to go as
    /// well.
    private mutating func seeStop(_ transition: Transition, _ stack: Stack) throws(Violation) {
        let name = transition.name
        guard records[name]?.isWanted == false else {
            throw Violation("\(transition): it is wanted")
        }
        records[name]?.fate = .rest
        records[name]?.pause = nil
        guard transition.from.isRunning, transition.cause == .stopRequested else { return }
        for (other, record) in records where other != name && record.isAlive && !record.isWanted {
            if leans(other, on: name) { throw Violation("\(transition): \(other) still needs it") }
        }
    }

    /// A service is ready when it was said to be well, or nobody asks it.
    private mutating func seeReady(_ transition: Transition, _ stack: Stack) throws(Violation) {
        let name = transition.name
        if stack.members[name]?.spec.healthCheck.probe == Probe.none {
            records[name]?.isReady = true
        }
        guard isWell(name, stack) else { throw Violation("\(transition): nobody said so") }
    }

    /// An unhealthy service is replaced only when it is wanted, and nothing that it needs is to
    /// blame.
    private mutating func seeReplacement(
        _ transition: Transition, _ stack: Stack, _ now: Moment
    ) throws(Violation) {
        let name = transition.name
        guard records[name]?.isWanted == true, stack.members[name]?.spec.onUnhealthy == .restart
        else { throw Violation("\(transition): it must not be replaced") }
        if let culprit = culprit(behind: name, stack) {
            throw Violation("\(transition): \(culprit) is to blame")
        }
        if !mayReplace(name, stack, now) { throw Violation("\(transition): despite the brake") }
        replacements.append(now)
        records[name]?.fate = .policy(.unhealthy)
    }

    /// Never more replacements in a while than the brake allows, and never one of a service together
    /// with one of what it needs, or of what needs it.
    func mayReplace(_ name: ServiceName, _ stack: Stack, _ now: Moment) -> Bool {
        let brake = stack.spec.brake
        let count = replacements.count { now - $0 < brake.window }
        guard count < brake.restarts else { return false }
        return !records.contains { other, record in
            other != name && record.isAlive && record.isEnding && record.isReplaced
                && (needs(other, name, stack) || needs(name, other, stack))
        }
    }

    private mutating func seeAlarm(
        _ transition: Transition, _ stack: Stack, _ now: Moment
    ) throws(Violation) {
        let name = transition.name
        switch (transition.from, transition.to) {
        case (.waiting, .held), (.failed, .held): try checkPause(transition, now)
        case (.starting, .stopping): try seeReplacement(transition, stack, now)
        case (.stopping, .clearing): break
        case (.up, .up): try checkForgiveness(transition, stack, now)
        default: throw Violation("\(transition): an alarm cannot do that")
        }
        records[name]?.pause = nil
    }

    /// The pause before a restart is never shorter than the back-off says, nor longer; nor is the
    /// slow retry.
    private func checkPause(_ transition: Transition, _ now: Moment) throws(Violation) {
        guard let pause = records[transition.name]?.pause, now >= pause.earliest,
            now <= pause.latest
        else { throw Violation("\(transition): the pause was not as the policy says") }
    }

    /// Crashes are forgiven only after a long life that ends in health.
    private mutating func checkForgiveness(
        _ transition: Transition, _ stack: Stack, _ now: Moment
    ) throws(Violation) {
        let name = transition.name
        guard let up = records[name]?.upSince, now >= up.moment + up.resetAfter, isWell(name, stack)
        else { throw Violation("\(transition): forgiven too early") }
        let window = stack.members[name]?.spec.restart.window ?? .zero
        records[name]?.crashes = 0
        records[name]?.wasGivenUp = false
        if window == .zero { records[name]?.attempts = [] }
    }
}
