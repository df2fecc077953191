import Monitoring
import StackModel
import Supervision
import TestSupport

extension SimulatedMachine {
    mutating func spawn(_ name: ServiceName) throws(Violation) {
        guard let member = stack.members[name] else { return }
        let behaviour = behaviour(for: member.spec)
        guard !behaviour.cannotStart else {
            return try answer(name, .spawnFailed("no such file"))
        }
        let instance = SimulatedInstance(member.spec, number: member.instances, at: now, behaviour)
        guard instances[name] == nil else { throw Violation("\(name): there are two instances") }
        instances[name] = instance
        instance.truth.badSince = now
        board.began(.service(name), rules: member.spec.healthCheck, now: now)
        schedule(behaviour, of: instance)
        try answer(name, .spawned(saysWhenReady: member.spec.healthCheck.probe != Probe.none))
        beginProbing(instance)
    }

    private mutating func behaviour(for spec: ServiceSpec) -> Behaviour {
        let isJob = SimulatedStacks.isJob(spec)
        if let storm { return storm.behaviour(of: spec, isRaging: isRaging, &chance) }
        return isTroubled
            ? .faulty(faultPercent, isJob: isJob, &chance) : .good(isJob: isJob, &chance)
    }

    private mutating func schedule(_ behaviour: Behaviour, of instance: SimulatedInstance) {
        if let delay = behaviour.readyAfter { agenda.add(.becomesReady(instance), at: now + delay) }
        if let delay = behaviour.hangsAfter { agenda.add(.hangs(instance), at: now + delay) }
        if let (delay, reason) = behaviour.ends {
            agenda.add(.endsByItself(instance, reason), at: now + delay)
        }
        for _ in 0..<behaviour.extensions {
            let more = chance.duration(.seconds(1), Behaviour.extensionMax)
            agenda.add(.plea(instance, more), at: now + chance.duration(.zero, .seconds(40)))
        }
    }

    mutating func becomesReady(_ instance: SimulatedInstance) throws(Violation) {
        instance.isReady = true
        if !instance.isHung { instance.truth.badSince = nil }
        if instance.spec.healthCheck.probe == .notify, isCurrent(instance), instance.mainLives,
            !instance.isHung
        {
            try take(.init(.healthy), instance)
        }
    }

    mutating func hangs(_ instance: SimulatedInstance) {
        guard instance.mainLives, !instance.isHung else { return }
        instance.isHung = true
        instance.truth.badSince = instance.truth.badSince ?? now
        instance.truth.foundOutFrom = now
        remark("\(instance.spec.name) hangs")
        if let delay = instance.behaviour.recoversAfter {
            agenda.add(.recovers(instance), at: now + delay)
        }
        guard instance.spec.healthCheck.probe == .notify, instance.behaviour.hasWatchdog else {
            return
        }
        let rules = rules(of: instance)
        agenda.add(.silence(instance), at: now + rules.interval * rules.retries)
    }

    /// Answers what it was asked meanwhile, as far as somebody still waits.
    mutating func recovers(_ instance: SimulatedInstance) {
        guard instance.mainLives, instance.isHung else { return }
        instance.isHung = false
        instance.truth.foundOutFrom = nil
        if instance.isReady { instance.truth.badSince = nil }
        remark("\(instance.spec.name) recovers")
        guard instance.isAsked, instance.isStuck, instance.isReady else { return }
        instance.question += 1
        let latency = now - instance.asked
        agenda.add(
            .answer(instance, instance.question, Report(.healthy, latency: latency)),
            at: now + .milliseconds(1))
    }

    mutating func sendStopSignal(_ name: ServiceName) {
        guard let instance = instances[name] else { return }
        instance.stopProbing()
        guard instance.mainLives, let delay = instance.behaviour.stopTakes else { return }
        let reason = chance.pick(
            ExitReason.exited(code: 0), .signaled(.terminate, coreDumped: false))
        agenda.add(.mainEnds(instance, reason), at: now + delay)
    }

    mutating func killTree(_ name: ServiceName) throws(Violation) {
        guard let instance = instances[name] else { return }
        instance.stopProbing()
        if instance.mainLives {
            agenda.add(
                .mainEnds(instance, .signaled(.kill, coreDumped: false)), at: now + .milliseconds(1)
            )
        }
        guard !instance.isDying else { return }
        if instance.behaviour.missedKills > 0 {
            instance.behaviour.missedKills -= 1
        } else {
            instance.isDying = true
            for _ in 0..<instance.stragglers {
                agenda.add(.stragglerEnds(instance), at: now + instance.behaviour.deathTakes)
            }
        }
    }

    mutating func mainEnds(_ instance: SimulatedInstance, _ reason: ExitReason) throws(Violation) {
        guard instance.mainLives else { return }
        instance.mainLives = false
        instance.truth.badSince = instance.truth.badSince ?? now
        seenBad[.service(instance.spec.name)] = now
        instance.stopProbing()
        if isCurrent(instance) { board.ended(.service(instance.spec.name)) }
        try post(.happened(instance.spec.name, .exited(reason)))
        try checkEmptiness(instance)
    }

    mutating func checkEmptiness(_ instance: SimulatedInstance) throws(Violation) {
        guard instance.isEmpty, isCurrent(instance) else { return }
        instances[instance.spec.name] = nil
        try post(.happened(instance.spec.name, .emptied))
    }
}
