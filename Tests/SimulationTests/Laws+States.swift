import StackModel
import Supervision
import TestSupport

/// What must be true when everything that happened has been decided.
extension Laws {
    /// `alarms`: the services that have one set.
    func checkRest(
        _ stack: Stack, _ now: Moment, alarms: [ServiceName: Int]
    ) throws(Violation) {
        for (name, member) in stack.members {
            guard let record = records[name] else { throw Violation("\(name): unheard-of") }
            noteHealth(record, isWell(name, stack), now)
            try checkFacts(name, member, record)
            try checkAlarm(name, member, record, hasAlarm: alarms[name] != nil)
            try checkHeld(name, member, record, stack)
            try checkTimes(name, member, record, now)
        }
        if let finishBy, !hasFinished, now > finishBy {
            throw Violation("the shutdown takes too long")
        }
        if stack.pendingRestarts.count > stack.order.count + 1 {
            throw Violation("too many restarts wait")
        }
    }

    private func noteHealth(_ record: Record, _ isWell: Bool, _ now: Moment) {
        if !isWell {
            record.wellSince = nil
        } else if record.wellSince == nil {
            record.wellSince = now
        }
    }

    /// The wish is the operator's word, and a service is alive exactly when its processes are.
    private func checkFacts(
        _ name: ServiceName, _ member: Stack.Member, _ record: Record
    ) throws(Violation) {
        guard record.isWanted == member.isWanted else {
            throw Violation(
                "\(name): wanted is \(member.isWanted), and the operator said otherwise")
        }
        guard record.isAlive == member.state.isAlive, record.isRunning == member.state.isRunning
        else {
            throw Violation("\(name): is not '\(member.state.words)'")
        }
    }

    /// What waits for time to pass has an alarm, and what does not has none.
    private func checkAlarm(
        _ name: ServiceName, _ member: Stack.Member, _ record: Record, hasAlarm: Bool
    ) throws(Violation) {
        let isRight: Bool =
            switch member.state {
            case .waiting, .stopping, .clearing: hasAlarm
            case .failed: hasAlarm == (record.pause != nil)
            case .down, .held: !hasAlarm
            case .starting, .up: true
            }
        if !isRight { throw Violation("\(name): '\(member.state.words)' and alarm: \(hasAlarm)") }
    }

    /// What may start starts at once.
    private func checkHeld(
        _ name: ServiceName, _ member: Stack.Member, _ record: Record, _ stack: Stack
    ) throws(Violation) {
        guard case .held = member.state else { return }
        guard member.isWanted, record.spec.dependencies.contains(where: { !isMet($0, stack) })
        else { throw Violation("\(name): held, and nothing is missing") }
    }

    /// Every wait ends when it must, and nothing that is remembered grows without bound.
    private func checkTimes(
        _ name: ServiceName, _ member: Stack.Member, _ record: Record, _ now: Moment
    ) throws(Violation) {
        if let limit = record.emptyBy, record.isAlive, now > limit {
            throw Violation("\(name): its tree is not empty in time")
        }
        if let pause = record.pause, now > pause.latest {
            throw Violation("\(name): its pause is too long")
        }
        if !record.isWanted, !member.state.isDown, now > record.unwantedSince + Self.stopAllLimit {
            throw Violation("\(name): not wanted, and not down in time")
        }
        if let well = record.wellSince, record.crashes > 0,
            now > well + SimulatedStacks.resetMax * 2
        {
            throw Violation("\(name): well for long, and not forgiven")
        }
        if member.attempts > SimulatedStacks.attemptsMax + 1 {
            throw Violation("\(name): remembers \(member.attempts) attempts")
        }
    }

    /// After one decision: an end that was told has been dealt with, and what is unhealthy through
    /// its own fault does not go on.
    func checkStep(
        _ event: Stack.Event, _ stack: Stack, _ effects: [Stack.Effect], _ now: Moment
    ) throws(Violation) {
        if let expectation { throw Violation("\(expectation.name): its end was ignored") }
        guard effects.count <= 10 * (stack.order.count + 1) else {
            throw Violation("one event had \(effects.count) effects")
        }
        guard case .judged(let name, .unhealthy, _) = event, let member = stack.members[name],
            member.isWanted,
            member.state.isRunning, member.spec.onUnhealthy == .restart,
            culprit(behind: name, stack) == nil, mayReplace(name, stack, now)
        else { return }
        throw Violation("\(name): unhealthy, and not replaced")
    }
}

extension Stack.Member {
    fileprivate var attempts: Int {
        switch state {
        case .held(let history), .starting(let history), .up(let history), .waiting(let history),
            .failed(let history), .stopping(_, let history), .clearing(_, _, let history):
            history.attempts.count
        case .down: 0
        }
    }
}
