import StackModel
import Supervision
import TestSupport

/// What must be true between events.
extension Laws {
    /// After a decision: the wish is the operator's word, and an end that was told has been dealt with.
    func checkStep(
        _ event: Stack.Event, _ stack: Stack, _ effects: [Stack.Effect], _ now: Moment
    ) throws(Violation) {
        if let expectation { throw Violation("\(expectation.name): its end was ignored") }
        for (name, member) in stack.members {
            guard let record = records[name] else { throw Violation("\(name): unheard-of") }
            guard record.isWanted == member.isWanted else {
                throw Violation("\(name): wanted is \(member.isWanted), and the operator said otherwise")
            }
            try checkReplacement(name, member, event, stack)
            guard record.isAlive == member.state.isAlive, record.isRunning == member.state.isRunning else {
                throw Violation("\(name): is not '\(member.state.words)'")
            }
        }
        guard effects.count <= 10 * (stack.order.count + 1) else {
            throw Violation("one event had \(effects.count) effects")
        }
    }

    /// When everything has been decided: nothing waits that need not, and what waits has an alarm.
    mutating func checkRest(
        _ stack: Stack, _ now: Moment, alarms: [ServiceName: Int]
    ) throws(Violation) {
        for (name, member) in stack.members {
            noteHealth(name, stack, now)
            try checkAlarm(name, member, hasAlarm: alarms[name] != nil)
            guard case .held = member.state else { continue }
            // What may start starts at once.
            guard member.isWanted, records[name]?.spec.dependencies.contains(where: { !isMet($0, stack) }) == true
            else { throw Violation("\(name): held, and nothing is missing") }
        }
    }

    private mutating func noteHealth(_ name: ServiceName, _ stack: Stack, _ now: Moment) {
        guard isWell(name, stack) else {
            records[name]?.wellSince = nil
            return
        }
        if records[name]?.wellSince == nil { records[name]?.wellSince = now }
    }

    /// What waits for time to pass has an alarm, and what does not has none.
    private func checkAlarm(
        _ name: ServiceName, _ member: Stack.Member, hasAlarm: Bool
    ) throws(Violation) {
        let isRight: Bool =
            switch member.state {
            case .waiting, .stopping, .clearing: hasAlarm
            case .failed: hasAlarm == (records[name]?.pause != nil)
            case .down, .held: !hasAlarm
            case .starting, .up: true
            }
        if !isRight { throw Violation("\(name): '\(member.state.words)' and alarm: \(hasAlarm)") }
    }

    /// A wanted service that is known to be unhealthy through its own fault does not go on.
    private func checkReplacement(
        _ name: ServiceName, _ member: Stack.Member, _ event: Stack.Event, _ stack: Stack
    ) throws(Violation) {
        guard case .judged(name, .unhealthy, _) = event, member.isWanted, member.state.isRunning,
            member.spec.onUnhealthy == .restart, culprit(behind: name, stack) == nil
        else { return }
        throw Violation("\(name): unhealthy, and not replaced")
    }

    /// As time passes: every wait ends when it must, and nothing grows without bound.
    func checkBounds(_ stack: Stack, _ now: Moment, agenda: Int) throws(Violation) {
        for (name, member) in stack.members {
            guard let record = records[name] else { continue }
            if let limit = record.emptyBy, record.isAlive, now > limit {
                throw Violation("\(name): its tree is not empty in time")
            }
            if let pause = record.pause, now > pause.latest {
                throw Violation("\(name): its pause is too long")
            }
            if !record.isWanted, !member.state.isDown, now > record.unwantedSince + Self.stopAllLimit {
                throw Violation("\(name): not wanted, and not down in time")
            }
            if let well = record.wellSince, record.crashes > 0, now > well + SimulatedStacks.resetMax * 2 {
                throw Violation("\(name): well for long, and not forgiven")
            }
            if member.attempts > SimulatedStacks.attemptsMax + 1 {
                throw Violation("\(name): remembers \(member.attempts) attempts")
            }
        }
        if let finishBy, !hasFinished, now > finishBy { throw Violation("the shutdown takes too long") }
        if stack.pendingRestarts.count > stack.order.count + 1 { throw Violation("too many restarts wait") }
        if agenda > 200 * (stack.order.count + 1) { throw Violation("\(agenda) things are under way") }
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
