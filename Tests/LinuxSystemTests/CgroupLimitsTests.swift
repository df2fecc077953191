import Glibc
import StackModel
import Testing

@testable import LinuxSystem

/// What the stack file says, as the kernel wants to hear it.
struct CgroupLimitsTests {
    private func texts(_ edit: (inout Resources) -> Void) -> [String: String] {
        var resources = Resources()
        edit(&resources)
        let settings = CgroupLimits(resources).settings
        return settings.reduce(into: [:]) { found, setting in
            for file in setting.files { found[file] = setting.text }
        }
    }

    @Test func `without a word every file has the kernel's default`() {
        #expect(
            texts { _ in } == [
                "memory.max": "max", "memory.swap.max": "max", "memory.oom.group": "1",
                "memory.low": "0", "cpu.max": "max 100000", "cpu.weight": "100",
                "pids.max": "max", "io.weight": "100", "io.bfq.weight": "100",
            ])
        #expect(CgroupLimits(Resources()).asked.isEmpty)
    }

    @Test func `processes of another namespace have no number to be signalled by`() {
        let folder = Folder()
        _ = folder.file("cgroup.procs", "0\n4711\n0\n")
        #expect(Cgroup(path: folder.path).processes == [4711])
    }

    @Test func `the documented services'`() {
        let found = texts {
            $0.limits.cpus = 1
            $0.limits.memory = .mebibytes(1024)
            $0.reservations.cpus = 0.25
            $0.reservations.memory = .mebibytes(256)
        }
        #expect(found["memory.max"] == "1073741824")
        #expect(found["memory.swap.max"] == "0", "it is killed, not swapped out")
        #expect(found["memory.low"] == "268435456")
        #expect(found["cpu.max"] == "100000 100000")
        #expect(found["cpu.weight"] == "100")
    }

    @Test(arguments: [
        (0.001, "1000 100000"), (0.01, "1000 100000"), (0.015, "1500 100000"),
        (0.5, "50000 100000"), (1.5, "150000 100000"), (10_000, "1000000000 100000"),
    ])
    func `cores are a share of each tenth of a second, a millisecond at least`(
        cpus: Double, text: String
    ) {
        #expect(texts { $0.limits.cpus = cpus }["cpu.max"] == text)
    }

    @Test(arguments: [(0.001, "1"), (0.1, "40"), (0.25, "100"), (1, "400"), (64, "10000")])
    func `a quarter of a core is the usual weight`(cpus: Double, text: String) {
        #expect(texts { $0.reservations.cpus = cpus }["cpu.weight"] == text)
    }

    @Test func `processes are counted, and disks shared`() {
        let found = texts {
            $0.limits.pids = 64
            $0.ioWeight = 1000
        }
        #expect(found["pids.max"] == "64")
        #expect(found["io.weight"] == "1000" && found["io.bfq.weight"] == "1000")
    }

    @Test func `a probe beside the instance reserves nothing a second time`() {
        var resources = Resources()
        resources.limits.memory = .mebibytes(64)
        resources.reservations.memory = .mebibytes(32)
        #expect(resources.ofCompanions.reservations.memory == nil)
        #expect(resources.ofCompanions.limits == resources.limits)
    }

    @Test func `out-of-memory events are read from their file`() {
        let events = Cgroup.MemoryEvents("low 0\nmax 12\noom 2\noom_kill 3\noom_group_kill 1\n")
        #expect((events.kills, events.limitHits) == (3, 2))
        #expect(Cgroup.MemoryEvents("") == Cgroup.MemoryEvents())
    }
}

/// What is asked for and cannot be.
struct CgroupAbsenceTests {
    private static let hybrid = """
        #subsys_name	hierarchy	num_cgroups	enabled
        cpu	0	1	1
        blkio	7	1	1
        memory	4	23	1
        pids	0	1	0
        """

    @Test(
        arguments: [
            (
                .memory, nil,
                "cgroup v1 holds it: start Linux with systemd.unified_cgroup_hierarchy=1"
            ),
            (.io, nil, "cgroup v1 holds it: start Linux with systemd.unified_cgroup_hierarchy=1"),
            (.cpu, nil, "the container around gives none: delegate it there"),
            (.pids, nil, "it is off: start Linux with cgroup_enable=pids"),
        ] as [(CgroupController, String?, String)])
    func `each has its reason`(controller: CgroupController, holder: String?, words: String) {
        let found = CgroupAbsence.words(
            for: controller, offered: "cpuset hugetlb\n", known: Self.hybrid, holder: holder)
        #expect(found == words)
    }

    @Test func `a kernel without it, and a unit that is not given it`() {
        func words(_ offered: String, _ holder: String?) -> String {
            CgroupAbsence.words(for: .memory, offered: offered, known: "", holder: holder)
        }
        #expect(words("", nil) == "this kernel has none")
        #expect(
            words("cpu memory\n", "/c/x") == "'/c/x' is given none: set Delegate=yes in its unit")
        #expect(
            words("cpu memory\n", nil)
                == "catalystd is given none: run it as catalystd.service, or see its --cgroup")
    }

    private func notes(
        _ missing: [CgroupController: String], _ edit: (inout Resources) -> Void
    ) -> [String] {
        var resources = Resources()
        edit(&resources)
        let stack = [CgroupLimits(Resources()), CgroupLimits(resources)]
        return CgroupAbsence.notes(on: stack) { missing[$0] }
    }

    @Test func `what nobody asks for is not missed`() {
        #expect(notes([.memory: "gone", .cpu: "gone"]) { $0.limits.pids = 3 }.isEmpty)
        #expect(notes([:]) { $0.limits.memory = .mebibytes(1) }.isEmpty)
    }

    @Test func `one line for each reason, with exactly what is lost`() {
        let all: (inout Resources) -> Void = {
            $0.limits.memory = .mebibytes(64)
            $0.reservations.memory = .mebibytes(32)
            $0.reservations.cpus = 1
            $0.limits.pids = 9
            $0.ioWeight = 50
        }
        #expect(
            notes([.memory: "v1", .cpu: "v1", .pids: "off", .io: "v1"], all) == [
                "not enforced: memory limits and reservations, CPU reservations, I/O weights "
                    + "(no memory, cpu, io controller: v1)",
                "not enforced: process limits (no pids controller: off)",
            ])
        #expect(
            notes([.memory: "v1"]) { $0.limits.memory = .mebibytes(1) }
                == ["not enforced: memory limits (no memory controller: v1)"])
    }
}

/// The directories themselves, and what can be had without a controller.
@Suite(.enabled(if: hasCgroups)) struct CgroupRootTests {
    private let name = "catalyst-linux-root-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"

    @Test func `a holder is made where it is missing, and kept out of the agent's own`() throws {
        let own = try Cgroup.own().path
        let holder = "\(own)/\(name)-holder"
        let root = try CgroupRoot(named: name, in: holder)
        defer {
            _ = holds { root.cgroup.removeAll() }
            try? Cgroup(path: holder).remove()  // It is empty.
        }
        #expect(root.cgroup.path == "\(holder)/\(name)")
        #expect(root.holder?.path == holder)
        let first = try root.make("one", for: Resources())
        #expect(first.refused.isEmpty)
        try first.cgroup.remove()
        try root.cgroup.remove()
        try Cgroup(path: holder).remove()
        let again = try root.make("one", for: Resources())
        #expect(again.cgroup == first.cgroup && access(again.cgroup.path, F_OK) == 0)
    }

    @Test func `a place that cannot be one is refused in words`() throws {
        let mount = try Cgroup.mount()
        let own = try Cgroup.own().path
        func refusal(_ path: String) -> String {
            do {
                _ = try CgroupRoot(named: name, in: path)
                return "none"
            } catch {
                return "\(error)"
            }
        }
        #expect(
            refusal("/tmp/x")
                == "cannot keep services in the cgroup '/tmp/x': it is not below '\(mount)', "
                + "name one that is")
        #expect(refusal("../x").contains("is not below"))
        #expect(refusal(own + "/gone/too").contains("start the unit that is to hold them"))
        if own != mount { #expect(refusal(own).contains("it is the agent's own")) }
    }

    @Test func `what is in force is what the kernel gives, and the rest has a reason`() throws {
        let root = try CgroupRoot(named: name)
        defer { _ = holds { root.cgroup.removeAll() } }
        for controller in CgroupController.allCases {
            let isInForce = root.controllers.contains(controller)
            #expect((root.refusal(of: controller) == nil) == isInForce)
        }
        var resources = Resources()
        resources.limits.memory = .mebibytes(64)
        let made = try root.make("one", for: resources)
        #expect(made.refused.isEmpty, "a missing controller is told for all at once")
        let file = TextFile.read(made.cgroup.path + "/memory.max")
        #expect(file == (root.controllers.contains(.memory) ? "67108864\n" : nil))
        let refused = made.cgroup.set(CgroupLimits(resources), with: [.memory])
        #expect(
            refused
                == (root.controllers.contains(.memory)
                    ? []
                    : [
                        "cannot write '67108864' to '\(made.cgroup.path)/memory.max': "
                            + "no such file or directory"
                    ]))
    }
}
