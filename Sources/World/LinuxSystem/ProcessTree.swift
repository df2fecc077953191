internal import Glibc
package import StackModel

/// All processes of one instance: its cgroup where there is one; else its session, and what left that but still carries
/// the instance's mark in its environment.
package struct ProcessTree: Equatable, Sendable {
    package let leader: Int32
    package let cgroup: Cgroup?
    /// The value of `CATALYST_INSTANCE` that the instance was started with.
    package let mark: String

    /// An earlier agent started it: its processes are not our descendants.
    package let isLeftover: Bool

    package static let markName = "CATALYST_INSTANCE"

    package init(leader: Int32, cgroup: Cgroup?, mark: String, isLeftover: Bool = false) {
        self.leader = leader
        self.cgroup = cgroup
        self.mark = mark
        self.isLeftover = isLeftover
    }

    /// Zombies do not count: they are waiting for whoever reaps them, and hold nothing.
    package var isEmpty: Bool {
        if let cgroup { return cgroup.isEmpty }
        return processes.isEmpty
    }

    package func signal(_ signal: SignalName) {
        if let cgroup {
            cgroup.signal(signal.number)
        } else {
            for pid in processes { _ = Glibc.kill(pid, signal.number) }
        }
        // A stopped process hears nothing but SIGKILL until it goes on.
        if signal != .kill { continueStopped() }
    }

    /// Whether there was anything to kill.
    @discardableResult
    package func kill() -> Bool {
        if let cgroup { return cgroup.kill() }
        let processes = processes
        for pid in processes { _ = Glibc.kill(pid, SIGKILL) }
        return !processes.isEmpty
    }

    /// Whether it is empty; its cgroup goes then: see `Cgroup.kill`.
    package var isGone: Bool {
        guard isEmpty else { return false }
        try? cgroup?.remove()  // Who came into it from outside keeps it.
        return true
    }

    /// Kills it and waits until it is gone, for `limit` at most: what was killed is, within moments.
    package func end(within limit: Duration) {
        let deadline = Clock.now() + limit
        repeat {
            kill()
            if isGone { return }
            usleep(1000)
        } while Clock.now() < deadline
    }

    private func continueStopped() {
        for pid in cgroup?.processes ?? [leader] where Proc.entry(of: pid)?.state == "T" {
            _ = Glibc.kill(pid, SIGCONT)
        }
    }

    /// Whether `pid` belongs to it.
    package func contains(_ pid: Int32) -> Bool {
        if pid == leader { return true }
        if let cgroup { return cgroup.processes.contains(pid) }
        return Proc.entry(of: pid).map(isOwn) ?? false
    }

    package var processes: [Int32] {
        if let cgroup { return cgroup.processes }
        let all = Proc.all()
        let candidates = isLeftover ? all : Proc.descendants(of: getpid(), in: all)
        let own = candidates.filter { $0.state != "Z" && isOwn($0) }.map(\.pid)
        return isLeftover ? own.filter(Proc.isInOurNamespace) : own
    }

    private func isOwn(_ entry: Proc.Entry) -> Bool {
        entry.session == leader || entry.pid == leader
            || Proc.environmentValue(Self.markName, of: entry.pid) == mark
    }
}
