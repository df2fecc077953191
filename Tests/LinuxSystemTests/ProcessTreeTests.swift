import Glibc
import StackModel
import Testing

@testable import LinuxSystem

/// All that an instance started, with a cgroup and without. A process of its own each, as orphans have to come to us.
struct ProcessTreeTests {
    @Test func `grandchildren with sessions of their own belong to it, by their mark`() async {
        await #expect(processExitsWith: .success) { try Family.grows(in: nil) }
    }

    /// Needs a cgroup v2 hierarchy that may be written.
    @Test(.enabled(if: hasCgroups))
    func `grandchildren with sessions of their own belong to it, by their cgroup`() async {
        await #expect(processExitsWith: .success) {
            try Family.inCgroup { try Family.grows(in: $0) }
        }
    }

    @Test func `a fork bomb is cleared without a cgroup`() async {
        await #expect(processExitsWith: .success) { try Family.explodes(in: nil) }
    }

    /// Needs a cgroup v2 hierarchy that may be written.
    @Test(.enabled(if: hasCgroups)) func `a fork bomb is cleared with its cgroup`() async {
        await #expect(processExitsWith: .success) {
            try Family.inCgroup { try Family.explodes(in: $0) }
        }
    }

    @Test func `a stopped tree hears a signal`() async {
        await #expect(processExitsWith: .success) {
            let child = try SpawnRequest.of("sleep", "1000").spawn()
            let tree = ProcessTree(leader: child.pid, cgroup: nil, mark: "none")
            kill(child.pid, SIGSTOP)
            #expect(holds { Proc.entry(of: child.pid)?.state == "T" })
            tree.signal(.terminate)
            #expect(child.await() == SIGTERM)
        }
    }

    @Test func `strangers do not belong to it`() throws {
        let child = try SpawnRequest.of("sleep", "1000").spawn()
        defer { _ = child.killAndAwait() }
        let tree = ProcessTree(leader: child.pid, cgroup: nil, mark: "mark")
        #expect(tree.contains(child.pid))
        #expect(!tree.contains(getpid()))
        #expect(!tree.contains(1))
        #expect(!ProcessTree(leader: -1, cgroup: nil, mark: "mark").contains(child.pid))
    }

    /// Needs a cgroup v2 hierarchy that may be written.
    @Test(.enabled(if: hasCgroups)) func `a cgroup is made, killed and removed, twice if need be`()
        throws
    {
        let root = try CgroupRoot(named: "catalyst-linux-cgroup-\(getpid())").cgroup
        let inner = root.child("news")
        try inner.make()
        try inner.make()
        var request = SpawnRequest.shell("setsid sleep 1000 & sleep 1000")
        request.cgroup = inner
        let child = try request.spawn()
        #expect(holds { inner.processes.count == 3 })
        #expect(!inner.isEmpty && !root.isEmpty)
        #expect(throws: SystemError.self) { try inner.remove() }
        inner.kill()
        #expect(child.await() == SIGKILL)
        #expect(holds { inner.isEmpty })
        try root.child("other").make()
        #expect(holds { root.removeAll() })
        #expect(access(root.path, F_OK) != 0)
        #expect(inner.isEmpty, "what is gone is empty")
        try inner.remove()
    }
}

private enum Family {
    /// A leader whose grandchildren have sessions of their own.
    static func grows(in cgroup: Cgroup?) throws {
        let loop = try EventLoop()
        let reaper = try Reaper(on: loop)
        var request = SpawnRequest.shell(
            "(setsid sh -c 'setsid sleep 1000 & sleep 1000' &); exec sleep 1000")
        request.environment[ProcessTree.markName] = "family.1"
        request.cgroup = cgroup
        let child = try request.spawn()
        let tree = ProcessTree(leader: child.pid, cgroup: cgroup, mark: "family.1")
        var hasEnded = false
        try reaper.watch(child) { _ in hasEnded = true }
        #expect(try loop.turns { tree.processes.count == 4 })
        #expect(tree.processes.allSatisfy { tree.contains($0) })
        reaper.send(.kill, to: child)
        #expect(try loop.turns { hasEnded })
        #expect(!tree.isEmpty, "the leader is gone, the others are not")
        tree.signal(.terminate)
        #expect(
            try loop.turns {
                reaper.reapOrphans(); return tree.isEmpty
            })
        tree.kill()
    }

    /// Bounded, but faster than one look at it.
    static func explodes(in cgroup: Cgroup?) throws {
        let loop = try EventLoop()
        let reaper = try Reaper(on: loop)
        let script =
            "for i in $(seq 60); do setsid sh -c 'setsid sleep 1000 & sleep 1000 & wait' & done; wait"
        var request = SpawnRequest.shell(script)
        request.environment[ProcessTree.markName] = "bomb.1"
        request.cgroup = cgroup
        let child = try request.spawn()
        let tree = ProcessTree(leader: child.pid, cgroup: cgroup, mark: "bomb.1")
        var hasEnded = false
        try reaper.watch(child) { _ in hasEnded = true }
        #expect(try loop.turns { tree.processes.count > 20 })
        let isClear = try loop.turns {
            tree.kill()
            reaper.reapOrphans()
            return hasEnded && tree.isEmpty
        }
        #expect(isClear)
        #expect(
            try loop.turns {
                reaper.reapOrphans(); return Proc.descendants(of: getpid(), in: Proc.all()).isEmpty
            })
    }

    static func inCgroup(_ body: (Cgroup) throws -> Void) throws {
        let root = try CgroupRoot(named: "catalyst-linux-family-\(getpid())").cgroup
        defer { _ = holds { root.removeAll() } }
        let cgroup = root.child("one")
        try cgroup.make()
        try body(cgroup)
    }
}
