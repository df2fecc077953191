internal import LinuxSystem
internal import Monitoring
internal import Rollouts
internal import StackModel
internal import Supervision

/// A running instance that an earlier agent started, and what it runs.
struct Adopted {
    let spec: ServiceSpec
    let tree: ProcessTree
    let number: Int
    /// Another, which users have left, or are to leave.
    var previous: Previous?

    struct Previous {
        let spec: ServiceSpec
        let tree: ProcessTree
        let number: Int
        /// It may still be needed.
        let isKept: Bool
    }
}

/// An agent that follows another takes over what runs.
extension Agent {
    /// `base` is what should run. Ends what cannot be adopted, begins with the rest, and then calls `done`.
    func adopt(
        _ leftovers: [Survivor], _ base: StackSpec, _ open: Rollout?,
        _ sides: (old: StackSpec, new: StackSpec)?, then done: @escaping () -> Void
    ) {
        var adopted: [Adopted] = []
        var rest = leftovers
        let base = open.map { withoutTheLost(base, $0, sides, leftovers) } ?? base
        for spec in base.services {
            let own = leftovers.filter { $0.name == spec.name }
            let step = open?.steps.first { $0.service == spec.name }
            let isAdmitted = step?.isAdmitted ?? false
            guard let chosen = choose(own, spec, newest: isAdmitted) else { continue }
            var found = Adopted(spec: spec, tree: chosen.0.tree, number: chosen.1.number)
            rest.removeAll { $0.tree == chosen.0.tree }
            // Its callers are not to be lost.
            let other = isAdmitted ? sides?.old : step?.phase == .undoing ? sides?.new : nil
            if spec.listen != nil, let other = other?.service(spec.name),
                let leaving = choose(rest.filter { $0.name == spec.name }, other, newest: false)
            {
                found.previous = Adopted.Previous(
                    spec: other, tree: leaving.0.tree, number: leaving.1.number,
                    isKept: isAdmitted)
                rest.removeAll { $0.tree == leaving.0.tree }
            }
            adopted.append(found)
        }
        // Nobody is started twice for want of an end to these.
        endCommands(rest.filter(\.isCommand))
        end(rest.filter { !$0.isCommand }) { [unowned self] in
            guard !isEnding else { return }
            begin(base, adopted)
            done()
        }
    }

    /// Probes and hooks of the agent before: nobody waits for what they say. But people are still being told.
    private func endCommands(_ commands: [Survivor]) {
        for command in commands {
            let isTelling = command.tree.mark.hasPrefix(
                "\(options.identity).\(Notifier.commandName).")
            let limit = isTelling ? AlertSettings().onAlertTimeout : .zero
            loop.setAlarm(after: limit) { [unowned self] in
                command.tree.kill()
                wait(for: [command], until: Clock.now()) {}
            }
        }
    }

    /// Where users were at a new instance that is gone, and the old one is still there, they are to be at that; where
    /// the old one is to come back, and is not there yet, they are still at the new one.
    private func withoutTheLost(
        _ base: StackSpec, _ open: Rollout, _ sides: (old: StackSpec, new: StackSpec)?,
        _ leftovers: [Survivor]
    ) -> StackSpec {
        var base = base
        for (index, spec) in base.services.enumerated() {
            let own = leftovers.filter { $0.name == spec.name }
            let phase = open.steps.first { $0.service == spec.name }?.phase
            let side =
                phase == .soaking || phase == .draining
                ? sides?.old : phase == .undoing ? sides?.new : nil
            guard let other = side?.service(spec.name), choose(own, spec, newest: true) == nil,
                choose(own, other, newest: true) != nil
            else { continue }
            base.services[index] = other
        }
        return base
    }

    private func choose(
        _ survivors: [Survivor], _ spec: ServiceSpec, newest: Bool
    ) -> (Survivor, InstanceMark)? {
        let fitting = survivors.compactMap { survivor -> (Survivor, InstanceMark)? in
            guard survivor.tree.leader > 0,
                let mark = InstanceMark(survivor.tree.mark, identity: options.identity),
                mark.definition == spec.fingerprint
            else { return nil }
            return (survivor, mark)
        }
        return newest
            ? fitting.max { $0.1.number < $1.1.number } : fitting.min { $0.1.number < $1.1.number }
    }

    /// Whether the agent looks after it from now on.
    func takeOver(_ found: Adopted) -> Bool {
        do throws(SpawnError) {
            try runner(found.spec.name).adopt(found)
            return true
        } catch {
            record(
                .killed, found.spec.name, .warning,
                "an earlier agent left it running (pid \(found.tree.leader)), and it cannot be looked after: "
                    + "\(error); it is killed, and started again")
            found.tree.end(within: AgentLimits.killedTreeWait)
            found.previous?.tree.end(within: AgentLimits.killedTreeWait)
            return false
        }
    }
}

extension Runner {
    func adopt(_ found: Adopted) throws(SpawnError) {
        let previous = found.previous
        do throws(SystemError) {
            if let address = found.spec.listen {
                let own = (pid: found.tree.leader, number: found.number)
                let all =
                    [own] + (previous.map { [(pid: $0.tree.leader, number: $0.number)] } ?? [])
                sockets = try OwnedSockets(
                    address: address, backlog: found.spec.backlog,
                    from: all.sorted { $0.number < $1.number }.map(\.pid), main: own.pid)
                if let kept = agent.heirlooms.claim(name.socketHeirloom) {
                    sockets?.dispose(of: kept)
                }
            }
        } catch {
            throw SpawnError("its socket cannot be taken back: \(error)")
        }
        launched = max(found.number, previous?.number ?? 0)
        let instance = try adopted(found.spec, found.tree, found.number, sockets?.main)
        self.instance = instance
        enforceLimits(of: instance)
        if let tally = known(of: found.tree)?.tally {
            agent.board.resumed(.service(name), rules: rules(of: instance), tally: tally)
        } else {
            agent.board.began(.service(name), rules: rules(of: instance), now: instance.started)
        }
        agent.record(
            .adopted, name, .notice, "was found running (pid \(found.tree.leader)), and goes on")
        agent.rememberInstances()
        guard let previous,
            let old = try? adopted(previous.spec, previous.tree, 0, sockets?.previous)
        else { return }
        enforceLimits(of: old)
        goOnSwapping(old: old)
        if !previous.isKept { swapped(.retireRequested) }
    }

    private func adopted(
        _ spec: ServiceSpec, _ tree: ProcessTree, _ number: Int, _ socket: ListeningSocket?
    ) throws(SpawnError) -> Instance {
        let prepared = try prepare(spec)
        guard let child = Child(existing: tree.leader) else {
            throw SpawnError("it has ended meanwhile")
        }
        let instance = Instance(
            number: number, child: child, tree: tree, spec: spec, request: prepared.request,
            socket: socket, started: known(of: tree)?.started ?? Clock.now(),
            landlock: known(of: tree) == nil ? nil : agent.predecessor.instances[name]?.landlock)
        do throws(SystemError) { try watch(child, of: instance) } catch {
            throw SpawnError("\(error)")
        }
        return instance
    }

    /// What the agent before knew of this very instance.
    private func known(of tree: ProcessTree) -> RememberedState.Service? {
        let before = agent.predecessor
        return before.instances[name]?.mark == tree.mark ? before.services[name] : nil
    }

    /// The service goes on from what the agent before knew.
    func resume(_ known: RememberedState.Service) {
        restarts = known.restarts
        lastExit = known.lastExit
        launched = max(launched, known.past.instances)
    }

    func remembered() -> RememberedState.Service? {
        guard let member = agent.stack?.members[name] else { return nil }
        return RememberedState.Service(
            past: member.past(alarm: alarmDue),
            tally: instance == nil ? nil : agent.board[.service(name)]?.tally, since: since,
            restarts: restarts, lastExit: lastExit, started: instance?.started)
    }

    func beginProbingAdopted() {
        if let instance { beginProbing(instance) }
    }
}
