import Glibc
import StackModel
import Testing

@testable import LinuxSystem

/// What isolation comes to, before anything is done.
struct IsolationPlanTests {
    private func mounts(
        writable: [String] = [], visible: [String] = [], hidden: [String] = [],
        scratch: [String] = [], own: [String] = []
    ) -> [String] {
        IsolationPlan.mounts(
            writable: writable, visible: visible, hidden: hidden, scratch: scratch, own: own
        ).map { "\($0.kind) \($0.path)" }
    }

    @Test func `the nearest place decides, and what is granted wins over what is hidden`() {
        #expect(
            mounts(
                writable: ["/var/lib/c/redis", "/shared"], visible: ["/etc/c/seen"],
                hidden: ["/var/lib/c", "/etc/c", "/shared", "/run/c"], scratch: ["/tmp"])
                == [
                    "hidden /etc/c", "visible /etc/c/seen", "hidden /run/c", "writable /shared",
                    "tmpfs /tmp", "hidden /var/lib/c", "writable /var/lib/c/redis",
                ])
        #expect(mounts(hidden: ["/a/b/c", "/a", "/a/d"]) == ["hidden /a"])
        #expect(mounts(writable: ["/a/b", "/a"]) == ["writable /a"])
        #expect(
            mounts(writable: ["/run"], hidden: ["/run/c"]) == ["writable /run", "hidden /run/c"])
    }

    @Test func `its program and its directory stay visible where something covers them`() {
        #expect(
            mounts(hidden: ["/srv"], scratch: ["/tmp"], own: ["/srv/app", "/tmp/x", "/usr/bin/x"])
                == ["hidden /srv", "visible /srv/app", "tmpfs /tmp", "visible /tmp/x"])
        #expect(mounts(writable: ["/srv/app"], hidden: ["/srv"], own: ["/srv/app/bin"]).count == 2)
        #expect(mounts(scratch: ["/cache"], own: ["/cache"]) == ["tmpfs /cache"])
    }

    @Test func `without what mounting takes only Landlock and the filter are left`() {
        var confinement = Confinement()
        confinement.isolation = Isolation()
        confinement.isolation?.writable = ["/a"]
        confinement.readOnly = true
        let plan = IsolationPlan(confinement, hiding: ["/b"], own: ["/c"], canMount: false)
        #expect(plan.mounts.map(\.path) == ["/a"])
        #expect(!plan.mountsAreMade && !plan.hidesProcesses && plan.isReadOnly)
        #expect(plan.filter != nil)
    }
}

/// The filter as the kernel would run it.
struct CallFilterTests {
    private func verdict(
        _ number: UInt32, _ arguments: [UInt32] = [], on machine: CallFilter.Machine = .x86,
        architecture: UInt32? = nil, allowing: Set<String> = []
    ) -> String {
        let program = CallFilter.program(for: machine, allowing: allowing)
        var counter = 0
        var accumulator: UInt32 = 0
        while program.indices.contains(counter) {
            let step = program[counter]
            counter += 1
            switch step.code {
            case 0x20:
                switch step.value {
                case 0: accumulator = number
                case 4: accumulator = architecture ?? machine.architecture
                default:
                    let index = Int(step.value - 16) / 8
                    accumulator = arguments.indices.contains(index) ? arguments[index] : 0
                }
            case 0x15: counter += Int(accumulator == step.value ? step.ifTrue : step.ifFalse)
            case 0x35: counter += Int(accumulator >= step.value ? step.ifTrue : step.ifFalse)
            case 0x45: counter += Int(accumulator & step.value != 0 ? step.ifTrue : step.ifFalse)
            case 0x06:
                if step.value == 0x7fff_0000 { return "allowed" }
                let names = [EPERM: "EPERM", ENOSYS: "ENOSYS", EAFNOSUPPORT: "EAFNOSUPPORT"]
                return names[Int32(step.value & 0xffff)] ?? "\(step.value)"
            default: return "no instruction \(step.code)"
            }
        }
        return "ran off its end"
    }

    @Test func `every dangerous call is refused on both processors, unless it is allowed`() {
        for call in DangerousCall.all {
            for (machine, number) in [(CallFilter.Machine.x86, call.x86), (.arm, call.arm)] {
                guard let number else { continue }
                #expect(verdict(number, on: machine) == "EPERM", "\(call.name)")
                #expect(verdict(number, on: machine, allowing: [call.name]) == "allowed")
            }
        }
        for numbers in [DangerousCall.all.compactMap(\.x86), DangerousCall.all.compactMap(\.arm)] {
            #expect(Set(numbers).count == numbers.count, "no number stands for two")
        }
    }

    @Test func `usual calls are allowed, other processors' and x32's are not`() {
        // read, write, execve, exit_group, openat, futex.
        for number: UInt32 in [0, 1, 59, 231, 257, 202] { #expect(verdict(number) == "allowed") }
        #expect(verdict(0, architecture: 0x4000_0003) == "EPERM")
        #expect(verdict(0x4000_0000) == "ENOSYS")
        #expect(verdict(435) == "ENOSYS", "clone3: its flags cannot be seen")
    }

    @Test func `of some calls only some arguments are refused`() {
        #expect(verdict(56, [0x003d_0f00]) == "allowed", "a thread")
        #expect(verdict(56, [0x1000_0011]) == "EPERM", "a user namespace")
        #expect(verdict(272, [0x0000_0400]) == "allowed")
        #expect(verdict(272, [0x0002_0000]) == "EPERM")
        #expect(verdict(272, [0x0000_0080]) == "EPERM", "a time namespace")
        #expect(verdict(16, [0, 0x5412]) == "EPERM")
        #expect(verdict(16, [0, 0x5413]) == "allowed")
        for (family, outcome) in [
            (1, "allowed"), (2, "allowed"), (10, "allowed"), (16, "allowed"),
            (17, "EAFNOSUPPORT"), (38, "EAFNOSUPPORT"),
        ] as [(UInt32, String)] {
            #expect(verdict(41, [family]) == outcome)
            #expect(verdict(198, [family], on: .arm) == outcome)
        }
        #expect(verdict(220, [0x1000_0000], on: .arm) == "EPERM")
        #expect(verdict(435, allowing: ["clone"]) == "allowed")
    }

    @Test func `a filter that lets everything through is none`() {
        #expect(CallFilter(allowing: [Isolation.allCalls]) == nil)
    }
}

@Test func `a process's isolation is read from what the kernel says of it`() {
    let facts = Proc.statusFacts(
        """
        Name:\tx
        Uid:\t999\t999\t999\t999
        Gid:\t998\t998\t998\t998
        Groups:\t5 27
        NoNewPrivs:\t1
        CapInh:\t0000000000000000
        CapEff:\t0000000000000400
        CapBnd:\t0000000000000001
        Seccomp:\t2
        Seccomp_filters:\t3
        """)
    #expect((facts.user, facts.groups) == (999, [998, 5, 27]))
    #expect((facts.noNewPrivileges, facts.capabilities, facts.filters) == (true, 0x401, 3))
    #expect(Proc.statusFacts("Seccomp:\t2\n").filters == nil)
    #expect(Proc.statusFacts("Seccomp:\t0\n").filters == 0)
    #expect(Proc.statusFacts("Uid:\nCapEff:\tzz\n") == IsolationFacts())
    let mounts = Proc.mountPoints(
        """
        25 1 8:1 / / ro,relatime shared:1 - ext4 /dev/sda1 rw
        26 25 0:23 / /run/a\\040b\\134 rw,nosuid,nodev - tmpfs tmpfs rw,size=64k
        27 25 0:5 / /proc ro - proc proc rw,hidepid=invisible
        damaged line
        """)
    #expect(mounts.map(\.path) == ["/", "/run/a b\\", "/proc"])
    #expect(mounts.map(\.isReadOnly) == [true, false, true])
    #expect(mounts.map(\.hasDevices) == [true, false, true])
    #expect(mounts[2].options == ["rw", "hidepid=invisible"])
    #expect(mounts[1].parent == mounts[0].id)
}
