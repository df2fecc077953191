import StackModel
import Supervision
import TestSupport

/// What must be true of a stack after every event, whatever happens.
///
/// It keeps books of its own: what the stack was told and what it ordered, never why. Each law is a
/// function with a sentence.
struct Laws {
    /// What is known of one service from what the stack was told and what it ordered.
    ///
    /// A class, because each event looks up many and changes few.
    final class Record {
        var spec: ServiceSpec
        var isWanted = false
        var unwantedSince: Moment
        /// Between the order to spawn and the word that its tree is empty.
        var isAlive = false
        /// The word that it was spawned has come.
        var isThere = false
        /// It was asked to end, or has ended.
        var isEnding = false
        var isReady = false
        var verdict = Verdict.unknown
        /// What its instance leaves behind: what follows when it is empty.
        var fate = Lifecycle.Next.rest
        /// It ran to its end with success, and rests.
        var isCompleted = false
        var emptyBy: Moment?
        var toldReason: ExitReason?

        var crashes = 0
        var attempts: [Moment] = []
        var wasGivenUp = false
        /// The pause before the next start: from, and until when at the earliest and at the latest.
        var pause: (earliest: Moment, latest: Moment)?
        var upSince: (moment: Moment, resetAfter: Duration)?
        var wellSince: Moment?

        init(_ spec: ServiceSpec, since now: Moment) {
            self.spec = spec
            unwantedSince = now
        }

        var isRunning: Bool { isAlive && !isEnding }
        /// What ends comes back because it was unwell.
        var isReplaced: Bool {
            if case .policy(.unhealthy) = fate { true } else { false }
        }
    }

    var records: [ServiceName: Record] = [:]
    /// The services of the file as it is now.
    var file: Set<ServiceName> = []
    /// Restarts that were asked for and not begun.
    var restartsAsked: Set<ServiceName> = []
    var expectation: Expectation?
    /// When services were replaced because they were unwell, lately.
    var replacements: [Moment] = []
    var troubled: Set<Subject.Thing> = []
    var isShuttingDown = false
    var finishBy: Moment?
    private(set) var hasFinished = false

    /// From the first kill to the empty tree, given what `Behaviour` allows.
    static let killLimit =
        Behaviour.deathTakesMax + Lifecycle.killAgainAfter * (Behaviour.missedKillsMax + 1)
    /// One service's whole way down.
    static let stopLimit =
        SimulatedStacks.graceMax + killLimit + Behaviour.extensionMax * Behaviour.extensionsMax
    /// Of all, one after another; no stack here has more services.
    static let stopAllLimit = stopLimit * 20

    mutating func see(
        _ effect: Stack.Effect, because event: Stack.Event, _ stack: Stack, _ now: Moment
    ) throws(Violation) {
        switch effect {
        case .service(let name, let order): try see(order, name, because: event, stack, now)
        case .transitioned(let name, let from, let to, let cause):
            try seeTransition(
                Transition(name: name, from: from, to: to, cause: cause), because: event, stack, now
            )
        case .finished: try seeFinish()
        case .removed(let name):
            guard records[name]?.isAlive != true else {
                throw Violation("\(name): removed while it runs")
            }
            records[name] = nil
        case .restartAbandoned(let name, _): try seeAbandoned(name)
        case .braked(let name):
            guard !mayReplace(name, stack, now) else {
                throw Violation("\(name): held by the brake without a reason")
            }
        case .adjusted: break
        }
    }

    private mutating func see(
        _ order: Lifecycle.Effect, _ name: ServiceName, because event: Stack.Event, _ stack: Stack,
        _ now: Moment
    ) throws(Violation) {
        switch order {
        case .spawn: try seeSpawn(name, stack, now)
        case .sendStopSignal: seeStopSignal(name, because: event, stack, now)
        case .killTree:
            records[name]?.isEnding = true
            let limit = now + Self.killLimit
            if records[name]?.emptyBy.map({ $0 > limit }) ?? true { records[name]?.emptyBy = limit }
        case .setAlarm, .clearAlarm: break
        case .reportAnomaly(let state, let event):
            // Nothing that cannot happen happens.
            throw Violation("\(name): '\(event.words)' while '\(state.words)' cannot happen")
        }
    }

    private mutating func seeStopSignal(
        _ name: ServiceName, because event: Stack.Event, _ stack: Stack, _ now: Moment
    ) {
        guard let spec = stack.members[name]?.spec else { return }
        let patience = min(
            spec.stopGracePeriod, max(.milliseconds(100), spec.healthCheck.detectionBound / 20))
        let isHung: Bool =
            switch event {
            case .judged(name, .unhealthy, hung: true), .happened(name, .alarmRang): true
            default: false
            }
        records[name]?.isEnding = true
        records[name]?.emptyBy = now + (isHung ? patience : spec.stopGracePeriod) + Self.killLimit
    }

    /// The others keep their instances only because the new one of `name` does not run, or is unwell.
    private func seeAbandoned(_ name: ServiceName) throws(Violation) {
        guard let record = records[name], record.isRunning else { return }
        guard record.verdict == .unhealthy || record.verdict == .blocked
        else { throw Violation("\(name): restarts abandoned without a reason") }
    }

    /// The end is told exactly once, when it was asked for and nothing is alive.
    private mutating func seeFinish() throws(Violation) {
        guard isShuttingDown, !hasFinished else { throw Violation("finished, unasked or twice") }
        if let alive = records.first(where: { $0.value.isAlive })?.key {
            throw Violation("finished while \(alive) is alive")
        }
        hasFinished = true
    }
}
