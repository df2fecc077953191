/// A system call that no service needs and that break-ins do: what isolation refuses with EPERM.
///
/// Chosen like Docker's default profile and systemd's `@system-service`, for what capabilities alone do not stop and
/// what kernel bugs were found in. Numbers are those of arch/*/entry/syscalls and unistd.h.
package struct DangerousCall: Equatable, Sendable {
    package let name: String
    package let x86: UInt32?
    package let arm: UInt32?

    private init(_ name: String, _ x86: UInt32?, _ arm: UInt32?) {
        (self.name, self.x86, self.arm) = (name, x86, arm)
    }

    package static let all = [
        // The file system's shape.
        DangerousCall("mount", 165, 40), .init("umount2", 166, 39), .init("pivot_root", 155, 41),
        .init("chroot", 161, 51), .init("open_tree", 428, 428), .init("move_mount", 429, 429),
        .init("fsopen", 430, 430), .init("fsconfig", 431, 431), .init("fsmount", 432, 432),
        .init("fspick", 433, 433), .init("mount_setattr", 442, 442), .init("setns", 308, 268),
        .init("open_by_handle_at", 304, 265), .init("swapon", 167, 224),
        .init("swapoff", 168, 225), .init("quotactl", 179, 60), .init("quotactl_fd", 443, 443),
        // The kernel and the machine.
        .init("init_module", 175, 105), .init("finit_module", 313, 273),
        .init("delete_module", 176, 106), .init("create_module", 174, nil),
        .init("kexec_load", 246, 104), .init("kexec_file_load", 320, 294),
        .init("reboot", 169, 142), .init("sethostname", 170, 161),
        .init("setdomainname", 171, 162), .init("settimeofday", 164, 170),
        .init("clock_settime", 227, 112), .init("clock_adjtime", 305, 266),
        .init("adjtimex", 159, 171), .init("acct", 163, 89), .init("syslog", 103, 116),
        .init("bpf", 321, 280), .init("perf_event_open", 298, 241),
        .init("userfaultfd", 323, 282), .init("io_uring_setup", 425, 425),
        .init("io_uring_enter", 426, 426), .init("io_uring_register", 427, 427),
        .init("vhangup", 153, 58), .init("iopl", 172, nil), .init("ioperm", 173, nil),
        .init("modify_ldt", 154, nil), .init("uselib", 134, nil), .init("lookup_dcookie", 212, 18),
        // Other processes, and what they keep in the kernel.
        .init("ptrace", 101, 117), .init("process_vm_readv", 310, 270),
        .init("process_vm_writev", 311, 271), .init("pidfd_getfd", 438, 438),
        .init("process_madvise", 440, 440), .init("kcmp", 312, 272),
        .init("move_pages", 279, 239), .init("add_key", 248, 217),
        .init("request_key", 249, 218), .init("keyctl", 250, 219),
    ]

    /// Refused for some of their arguments only: new namespaces, input for terminals, rare families of sockets.
    package static let partly = ["clone", "ioctl", "socket", "unshare"]

    /// What `allow_calls` may name.
    package static let names = (all.map(\.name) + partly).sorted()
}
