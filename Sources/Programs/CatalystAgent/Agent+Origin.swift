internal import ControlServer
internal import Glibc
internal import LinuxSystem
internal import StackModel

/// Whether it is a service that asks: by its cgroup, its mark, its session and its ancestors.
///
/// A service that runs as root may hide from the last three only by outliving an agent that has no cgroups: then its
/// orphans are nobody's. Against that helps a user of its own.
extension Agent {
    func origin(of peer: UnixSocket.Peer) -> Origin {
        // Nobody's child in another process namespace than ours, which are all in ours or below.
        guard peer.pid > 0, peer.pid != getpid() else { return .outside }
        // Without root's rights services are of the agent's own user, all of them.
        guard geteuid() == 0 || peer.user == geteuid() else { return .outside }
        let trees = runners.flatMap { name, runner in
            [runner.instance, runner.other].compactMap { $0 }.map { (name, $0) }
        }
        guard Proc.entry(of: peer.pid) != nil else {
            let owner = trees.first { $0.1.tree.contains(peer.pid) }
            if let owner { return .service(owner.0) }
            // Out of descriptors it cannot be read, and is there.
            guard access("/proc/self/stat", F_OK) != 0 else { return .gone }
            notes["origin"] =
                "/proc shows no processes: who asks cannot be told from services; mount it"
            return .outside
        }
        let leaders = trees.reduce(into: [Int32: ServiceName]()) {
            $0[$1.1.tree.leader] = $1.0
            $0[$1.1.child.pid] = $1.0
        }
        return markedOrigin(of: peer.pid) ?? cgroupOrigin(of: peer.pid)
            ?? ancestralOrigin(of: peer.pid, leaders) ?? .outside
    }

    private func markedOrigin(of pid: Int32) -> Origin? {
        let mark = Proc.environmentValue(ProcessTree.markName, of: pid)
        return mark.flatMap { InstanceMark($0, identity: options.identity) }
            .map { .service($0.service) }
    }

    private func cgroupOrigin(of pid: Int32) -> Origin? {
        guard let root = cgroups?.cgroup.path.split(separator: "/").last,
            let places = Proc.cgroup(of: pid)?.split(separator: "/"),
            let index = places.firstIndex(of: root), index + 1 < places.count
        else { return nil }
        let own = String(places[index + 1])
        // What it runs for the operator asks for the operator.
        if notifier.runs.contains(where: { $0.cgroup?.path.hasSuffix("/\(own)") == true }) {
            return nil
        }
        return .service(runners.keys.first { own == $0.text || own.hasPrefix("\($0).") })
    }

    private func ancestralOrigin(of asker: Int32, _ leaders: [Int32: ServiceName]) -> Origin? {
        var pid = asker
        for _ in 0..<AgentLimits.ancestorsMax {
            if let name = leaders[pid] { return .service(name) }
            guard let entry = Proc.entry(of: pid) else {
                // Hidden from an agent without rights: then another user's, and not below it. Else it has just ended,
                // and its children are somebody else's.
                return kill(pid, 0) != 0 && errno == EPERM ? nil : .gone
            }
            if let name = leaders[entry.session] { return .service(name) }
            if entry.parent == getpid() {
                // An orphan is what a service left.
                return notifier.runs.contains { $0.leader == pid } ? nil : .service(nil)
            }
            guard entry.parent > 1 else { return nil }
            pid = entry.parent
        }
        return .service(nil)
    }
}

extension Agent {
    /// The control socket takes nobody in, for want of descriptors: told once, noted as long as it happens.
    func exhausted(_ problem: String) {
        if notes["control"] == nil {
            record(
                .agentAnomaly, nil, .error,
                "control socket: \(problem); old connections are closed: see 'ulimit -n' of catalystd"
            )
        }
        notes["control"] = "the control socket is crowded: \(problem)"
        loop.cancel(crowdAlarm)
        crowdAlarm = loop.setAlarm(after: AgentLimits.crowdQuiet) { [unowned self] in
            notes["control"] = nil
        }
    }
}
