internal import LinuxSystem
internal import StackModel
internal import Supervision

/// What its instances may use.
extension Runner {
    /// Before anything is in it, so that its limits hold from the first instruction. nil: there are no cgroups.
    func makeCgroup(for spec: ServiceSpec) throws(SystemError) -> Cgroup? {
        guard let cgroups = agent.cgroups else { return nil }
        // Two instances of a service are not in one.
        let taken = [instance?.tree.cgroup, other?.tree.cgroup]
        let isTaken = taken.contains(cgroups.cgroup.child(name.text))
        let made = try cgroups.make(isTaken ? name.text + ".2" : name.text, for: spec.resources)
        agent.limitsRefused(made.refused, of: name)
        agent.reserveMemory(for: spec)
        return made.cgroup
    }

    /// As its service's definition says now, which may have changed under it.
    func resources(of instance: Instance) -> Resources {
        let spec = agent.stack?.members[name]?.spec
        return (instance === self.instance ? spec : nil)?.resources ?? instance.spec.resources
    }

    /// Has them hold for an instance that runs.
    func enforceLimits(of instance: Instance) {
        guard let cgroups = agent.cgroups else { return }
        let limits = CgroupLimits(resources(of: instance))
        guard let cgroup = instance.tree.cgroup else {
            let isAsked = !limits.asked.isEmpty
            return agent.limitsRefused(
                isAsked ? ["it runs in no cgroup until it is restarted"] : [], of: name)
        }
        // Of another agent's making: there is no telling what is in force.
        let isOurs = cgroup.path.hasPrefix(cgroups.cgroup.path + "/")
        let controllers = isOurs ? cgroups.controllers : limits.asked
        let told = LoopCall<[String]> { [unowned self] in agent.limitsRefused($0, of: name) }
        let inlet = agent.inlet
        agent.shelfThread.post {
            let refused = cgroup.set(limits, with: controllers)
            inlet.post { told.body(refused) }
        }
    }

    /// How it ended in truth, where the kernel killed it, or a part of it, for want of memory.
    func cause(of end: ExitReason, _ ended: Instance) -> ExitReason {
        guard !end.isSuccess, !ended.wasKilled else { return end }
        return outOfMemory(ended) ?? end
    }

    /// A part of it was killed, and its main process goes on: seen when it was sampled.
    func sampled(_ sample: ServiceSample, _ instance: Instance) {
        guard let kills = sample.oomKills, kills > instance.memoryEvents.kills,
            let reason = outOfMemory(instance)
        else { return }
        agent.record(.killed, name, .error, "a part of it \(reason)")
        agent.alarms.lookSoon()
    }

    /// Nil: the kernel killed nothing in it since this was asked last.
    private func outOfMemory(_ instance: Instance) -> ExitReason? {
        guard let events = instance.tree.cgroup?.memoryEvents,
            events.kills > instance.memoryEvents.kills
        else { return nil }
        let isItsLimit = events.limitHits > instance.memoryEvents.limitHits
        instance.memoryEvents = events
        let limit = isItsLimit ? resources(of: instance).limits.memory : nil
        let reason = ExitReason.outOfMemory(limit: limit)
        outOfMemory = (reason, Clock.now())
        return reason
    }
}
