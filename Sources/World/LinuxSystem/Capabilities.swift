/// capabilities(7) by number.
package enum Capabilities {
    package static let names = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
        "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
        "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
        "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
        "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
        "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ]

    /// This process's, a bit each, when it was asked first.
    static let effective: UInt64 =
        TextFile.read("/proc/self/status")?.split(separator: "\n").first {
            $0.hasPrefix("CapEff:")
        }.flatMap { UInt64($0.dropFirst(7).filter { !$0.isWhitespace }, radix: 16) } ?? 0

    /// A bit for each name (without `CAP_`); `ALL` is every one.
    static func set(_ names: [String]) throws(SpawnError) -> UInt64 {
        var bits: UInt64 = 0
        for name in names {
            if name == "ALL" { return (1 << UInt64(Self.names.count)) - 1 }
            guard let index = Self.names.firstIndex(of: name) else {
                throw SpawnError("there is no capability '\(name)'")
            }
            bits |= 1 << UInt64(index)
        }
        return bits
    }
}
