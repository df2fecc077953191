internal import Glibc
internal import StackModel

extension HostSample {
    /// What cannot be read stays at its default.
    static func read(disks: [String], with buffer: inout ReadBuffer) -> HostSample {
        var sample = HostSample()
        if let text = buffer.read("/proc/stat") { sample.take(stat: text, .host) }
        if let text = buffer.read("/proc/meminfo") { sample.take(meminfo: text) }
        if let text = buffer.read("/proc/loadavg") { sample.take(loadavg: text) }
        if let text = buffer.read("/proc/net/dev") { sample.take(interfaces: text) }
        if let text = buffer.read("/proc/diskstats") { sample.take(diskstats: text) }
        sample.pressure = Pressure(
            cpu: buffer.read("/proc/pressure/cpu").flatMap(Pressure.share),
            memory: buffer.read("/proc/pressure/memory").flatMap(Pressure.share),
            io: buffer.read("/proc/pressure/io").flatMap(Pressure.share))
        guard !disks.isEmpty else { return sample }
        let mounts = Mounts(buffer.read("/proc/self/mountinfo") ?? [])
        sample.disks = disks.compactMap { DiskSample(path: $0, among: mounts) }
        return sample
    }
}

extension DiskSample {
    /// Nil where there is no such path, or where asking might take for ever.
    init?(path: String, among mounts: Mounts) {
        var facts = statvfs()
        guard let resolved = mounts.localPath(of: path), statvfs(resolved, &facts) == 0 else {
            return nil
        }
        let unit = Int64(clamping: facts.f_frsize)
        self.init(
            path: path, total: Int64(clamping: facts.f_blocks).held(times: unit),
            available: Int64(clamping: facts.f_bavail).held(times: unit),
            inodes: Int64(clamping: facts.f_files), inodesFree: Int64(clamping: facts.f_ffree))
    }
}
