@testable import LinuxSystem
@testable import Measuring
@testable import StackModel

/// Texts of /proc and of cgroups. The first byte chooses which.
func fuzzKernel(_ bytes: [UInt8]) throws {
    let text = bytes.dropFirst()
    switch bytes.first.map({ $0 % 4 }) {
    case 0: try fuzzHost(text)
    case 1: try fuzzCgroup(text)
    case 2: try fuzzProcess(text)
    default: try fuzzMounts(text)
    }
}

private func fuzzHost(_ text: KernelText) throws {
    var sample = HostSample()
    sample.take(stat: text, Units(pageBytes: 4096, tick: .milliseconds(10)))
    sample.take(meminfo: text)
    sample.take(loadavg: text)
    sample.take(interfaces: text)
    sample.take(diskstats: text)
    let amounts = [
        sample.memoryTotal, sample.memoryAvailable, sample.swapTotal, sample.swapFree,
        sample.bytesReceived, sample.bytesSent, sample.bytesRead, sample.bytesWritten,
    ]
    try promise(amounts.allSatisfy { $0 >= 0 }, "less than nothing: \(amounts)")
    try promise(sample.cpus > 0 && sample.load1 >= 0, "no processor, or a load below nothing")
}

private func fuzzCgroup(_ text: KernelText) throws {
    let sums = CgroupFiles.inputOutput(text)
    try promise(sums.read >= 0 && sums.written >= 0, "less than nothing is read")
    for amount in [CgroupFiles.amount(text), CgroupFiles.idleFiles(text)].compactMap(\.self) {
        try promise(amount >= 0, "\(amount) bytes")
    }
    _ = CgroupFiles.cpuTime(text)
    _ = CgroupFiles.processes(text)
    _ = CgroupFiles.oomKills(text)
    if let share = Pressure.share(text) { try promise((0...1).contains(share), "\(share)") }
    for pid in Cgroup.processes(in: String(decoding: text, as: UTF8.self)) {
        // To kill(2) they are our own group, and everybody.
        try promise(pid > 0, "a process has the number \(pid)")
    }
}

private func fuzzProcess(_ text: KernelText) throws {
    _ = ProcessTable.Row(pid: 1, stat: text)
    let entry = Proc.entry(of: 1, in: String(decoding: text, as: UTF8.self))
    if let entry { try promise(entry.pid == 1, "another process") }
    for name in ["read_bytes:", "write_bytes:"] as [StaticString] { _ = text.number(of: name) }
    _ = Proc.statusFacts(String(decoding: text, as: UTF8.self))
    _ = Port.listeners(in: String(decoding: text, as: UTF8.self), at: 8080)
}

private func fuzzMounts(_ text: KernelText) throws {
    let mounts = Mounts(text)
    for place in mounts.types.keys.prefix(8) {
        _ = mounts.isLocal(place)
        _ = mounts.localPath(of: place)
    }
    let words = String(decoding: text, as: UTF8.self)
    for mount in Proc.mountPoints(words) { try promise(mount.path.count <= words.count, "longer") }
    for controller in CgroupController.allCases {
        _ = CgroupAbsence.words(for: controller, offered: words, known: words, holder: nil)
    }
}
