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
    /// An older one, which users have left.
    var previous: (spec: ServiceSpec, tree: ProcessTree)?
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
        for spec in base.services {
            let own = leftovers.filter { $0.name == spec.name }
            let isAdmitted = open?.steps.first { $0.service == spec.name }?.isAdmitted ?? false
            guard let chosen = choose(own, spec, newest: isAdmitted) else { continue }
            var found = Adopted(spec: spec, tree: chosen.0.tree, number: chosen.1.number)
            rest.removeAll { $0.tree == chosen.0.tree }
            // Kept while the new one soaks.
            if isAdmitted, spec.listen != nil, let old = sides?.old.service(spec.name),
                let kept = choose(rest.filter { $0.name == spec.name }, old, newest: false)
            {
                found.previous = (old, kept.0.tree)
                rest.removeAll { $0.tree == kept.0.tree }
            }
            adopted.append(found)
        }
        end(rest) { [unowned self] in
            guard !isEnding else { return }
            begin(base, adopted)
            done()
        }
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
            found.tree.kill()
            found.previous?.tree.kill()
            return false
        }
    }
}

extension Runner {
    func adopt(_ found: Adopted) throws(SpawnError) {
        let previous = found.previous
        do throws(SystemError) {
            if let address = found.spec.listen {
                let pids = [previous?.tree.leader, found.tree.leader].compactMap { $0 }
                sockets = try OwnedSockets(
                    address: address, backlog: found.spec.backlog, from: pids)
            }
        } catch {
            throw SpawnError("its socket cannot be taken back: \(error)")
        }
        let instance = try adopted(found.spec, found.tree, found.number, sockets?.main)
        self.instance = instance
        agent.board.began(.service(name), rules: rules(of: instance), now: instance.started)
        agent.record(.adopted, name, .notice, "was found running (pid \(found.tree.leader)), and goes on")
        agent.rememberInstances()
        guard let previous,
            let old = try? adopted(previous.spec, previous.tree, 0, sockets?.previous)
        else { return }
        goOnSwapping(old: old) { _ in }
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
            socket: socket)
        do throws(SystemError) { try watch(child, of: instance) } catch {
            throw SpawnError("\(error)")
        }
        return instance
    }

    func beginProbingAdopted() {
        if let instance { beginProbing(instance) }
    }
}
