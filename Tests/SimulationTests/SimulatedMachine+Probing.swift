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
        beginProbing(instance)
    }

    mutating func ask(_ instance: SimulatedInstance) {
        guard instance.mainLives else { return }
        instance.question += 1
        instance.isAsked = true
        let rules = rules(of: instance)
        let (outcome, latency) = answer(instance, rules)
        agenda.add(
            .answer(instance, instance.question, Report(outcome, latency: latency)),
            at: now + latency)
    }

    private mutating func answer(
        _ instance: SimulatedInstance, _ rules: HealthCheck
    ) -> (Report.Outcome, Duration) {
        if isCollectorAway {
            return (.unknown("the collector did not answer"), rules.timeout + .seconds(1))
        }
        let latency = chance.happens(5) ? chance.duration(.zero, rules.timeout) : .milliseconds(1)
        if isTroubled, chance.happens(instance.behaviour.liesPercent) {
            let lie = chance.pick(
                Report.Outcome.healthy, .degraded("so it says"), .failed(.status("bad")),
                .failed(.timedOut))
            return (lie, latency)
        }
        if instance.isHung { return (.failed(.timedOut), rules.timeout) }
        if !instance.isReady { return (.failed(.refused), .milliseconds(1)) }
        if instance.behaviour.mindsDependencies, !dependenciesAnswer(instance) {
            return (.failed(.status("redis: disconnected")), latency)
        }
        return (.healthy, latency)
    }

    private func dependenciesAnswer(_ instance: SimulatedInstance) -> Bool {
        instance.spec.dependencies.allSatisfy { dependency in
            !dependency.isRequired || dependency.condition == .completed
                || instances[dependency.service]?.answers ?? false
        }
    }

    mutating func answered(_ instance: SimulatedInstance, _ report: Report) throws(Violation) {
        instance.isAsked = false
        try take(report, instance)
        guard isCurrent(instance), instance.mainLives, instance.isProbed else { return }
        let isReady: Bool
        if case .up = stack.members[instance.spec.name]?.state {
            isReady = true
        } else {
            isReady = false
        }
        let next = instance.schedule.next(
            isReady: isReady, now: now, chance: chance.share(), rules: rules(of: instance))
        agenda.add(.question(instance, instance.question), at: next)
    }

    mutating func take(_ report: Report, _ instance: SimulatedInstance) throws(Violation) {
        let name = instance.spec.name
        let rules = rules(of: instance)
        instance.tally.receive(
            report, at: now, isBlocked: !stack.culprits(behind: name).isEmpty, rules: rules)
        instance.tally.expire(at: now, rules: rules)
        try post(.judged(name, instance.tally.verdict, hung: instance.tally.isHung))
    }

    /// The watchdog was not fed: one silence stands for as many failures as the rules ask for.
    mutating func lost(_ instance: SimulatedInstance) throws(Violation) {
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
    }
}
