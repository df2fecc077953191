import Monitoring
import StackModel
import Supervision
import TestSupport

/// What the agent's runner does about probes, and what the world answers.
extension SimulatedMachine {
    func rules(of instance: SimulatedInstance) -> HealthCheck {
        stack.members[instance.spec.name]?.spec.healthCheck ?? instance.spec.healthCheck
    }

    mutating func beginProbing(_ instance: SimulatedInstance) {
        guard isCurrent(instance), instance.mainLives, case .tcp = rules(of: instance).probe else {
            return
        }
        instance.isProbed = true
        ask(instance)
    }

    mutating func adjustProbing(_ name: ServiceName) {
        guard let instance = instances[name], stack.members[name]?.state.isRunning == true else {
            return
        }
        instance.stopProbing()
        instance.truth.excuse(at: now)
        board.adjusted(.service(name), rules: rules(of: instance))
        instance.schedule = ProbeSchedule(startedAt: now)
        beginProbing(instance)
    }

    mutating func ask(_ instance: SimulatedInstance) {
        guard instance.mainLives else { return }
        instance.question += 1
        instance.isAsked = true
        instance.asked = now
        instance.isStuck = false
        instance.due = nil
        let rules = rules(of: instance)
        let (outcome, latency) = answer(instance, rules)
        agenda.add(
            .answer(instance, instance.question, Report(outcome, latency: latency)),
            at: now + latency)
    }

    /// Asks now, beside the schedule, whose beat is kept; not where a question is under way.
    mutating func askBesides(_ name: ServiceName) {
        guard let instance = instances[name], instance.isProbed, !instance.isAsked,
            stack.members[name]?.state.isRunning == true
        else { return }
        let due = instance.due
        ask(instance)
        instance.due = due
    }

    /// Mostly an answer comes at once.
    mutating func questionTime(_ rules: HealthCheck) -> Duration {
        chance.happens(5) ? chance.duration(.zero, rules.timeout) : .milliseconds(1)
    }

    private mutating func answer(
        _ instance: SimulatedInstance, _ rules: HealthCheck
    ) -> (Report.Outcome, Duration) {
        instance.truth.isOwn = true
        if isCollectorAway {
            return (.unknown("the collector did not answer"), rules.timeout + .seconds(1))
        }
        let latency = questionTime(rules)
        if isTroubled, chance.happens(instance.behaviour.liesPercent) {
            let lie = chance.pick(
                Report.Outcome.healthy, .degraded("so it says"), .failed(.status("bad")),
                .failed(.timedOut))
            return (lie, latency)
        }
        if instance.isHung {
            instance.isStuck = true
            return (.failed(.timedOut), rules.timeout)
        }
        if !instance.isReady { return (.failed(.refused), .milliseconds(1)) }
        if instance.behaviour.mindsDependencies, !hasAllItNeeds(instance.spec.name) {
            instance.truth.isOwn = !isVisiblyLet(down: instance.spec.name)
            return instance.behaviour.hangsAlong
                ? (.failed(.timedOut), rules.timeout)
                : (.failed(.status("redis: disconnected")), latency)
        }
        return (.healthy, latency)
    }

    mutating func answered(_ instance: SimulatedInstance, _ report: Report) throws(Violation) {
        instance.isAsked = false
        try take(report, instance, asked: instance.asked)
        guard isCurrent(instance), instance.isProbed, !instance.isAsked else { return }
        let isReady: Bool
        if case .up = stack.members[instance.spec.name]?.state {
            isReady = true
        } else {
            isReady = false
        }
        var due = instance.due ?? now
        if due <= now {
            due = instance.schedule.next(
                isReady: isReady, now: now, chance: chance.share(), rules: rules(of: instance))
        }
        instance.due = due
        agenda.add(.question(instance, instance.question), at: due)
    }

    mutating func take(
        _ report: Report, _ instance: SimulatedInstance, asked: Moment? = nil
    ) throws(Violation) {
        try receive(report, from: .service(instance.spec.name), asked: asked ?? now)
    }

    /// The watchdog was not fed: one silence stands for as many failures as the rules ask for.
    mutating func lost(_ instance: SimulatedInstance) throws(Violation) {
        instance.truth.isOwn = true
        for _ in 0..<rules(of: instance).retries where isCurrent(instance) {
            try take(Report(.failed(.timedOut)), instance)
        }
    }

    mutating func collectorReturns() {
        isCollectorAway = false
        for instance in instances.sorted(by: { $0.key < $1.key }).map(\.value)
        where instance.isAsked {
            ask(instance)
        }
        if database.isAsked { askDatabase() }
    }
}
