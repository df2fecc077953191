internal import Glibc
package import StackModel

/// What these services and the host use now, in one pass. Services without a living process that
/// can be seen are missing, and so are disks that are not there or not local.
///
/// Blocks for as long as the kernel takes: milliseconds.
package func samples(
    of targets: [ServiceName: SampleTarget], disks: [String]
) -> (services: [ServiceName: ServiceSample], host: HostSample) {
    let before = threadTime()
    var buffer = ReadBuffer(bytesMax: fileBytesMax)
    var pass = Pass(targets)
    let services = targets.reduce(into: [ServiceName: ServiceSample]()) { found, target in
        let cgroup = target.value.cgroup.flatMap { CgroupFiles.read($0, with: &buffer) }
        found[target.key] = pass.sample(of: target.key, cgroup)
    }
    var host = HostSample.read(disks: disks, with: &buffer)
    host.cost = threadTime() - before
    return (services, host)
}

/// The longest is `/proc/self/mountinfo` of a host with hundreds of containers; of longer ones the
/// start is read.
private let fileBytesMax = 1 << 20

/// Of this thread.
private func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

/// /proc is gone through only when a cgroup leaves something open, and then once for all.
private struct Pass {
    private let targets: [ServiceName: SampleTarget]
    private var trees: [ServiceName: TreeUsage]?

    init(_ targets: [ServiceName: SampleTarget]) { self.targets = targets }

    mutating func sample(of service: ServiceName, _ cgroup: CgroupFiles?) -> ServiceSample? {
        // A service may have moved its processes into cgroups below.
        let count = cgroup?.processes == 0 ? nil : cgroup?.processes
        let isWhole = count != nil && cgroup?.memory != nil && cgroup?.cpuTime != nil
        let tree = isWhole ? nil : tree(of: service)
        guard let processes = count ?? tree?.processes, let memory = cgroup?.memory ?? tree?.memory,
            let cpuTime = cgroup?.cpuTime ?? tree?.cpuTime
        else { return nil }
        var sample = ServiceSample(
            memory: ByteCount(bytes: memory), cpuTime: cpuTime, processes: processes)
        sample.memoryPeak = cgroup?.memoryPeak.map(ByteCount.init(bytes:))
        sample.memoryLimit = cgroup?.memoryLimit.map(ByteCount.init(bytes:))
        sample.bytesRead = cgroup?.bytesRead ?? tree?.bytesRead
        sample.bytesWritten = cgroup?.bytesWritten ?? tree?.bytesWritten
        sample.pressure = cgroup?.pressure
        sample.oomKills = cgroup?.oomKills
        return sample
    }

    private mutating func tree(of service: ServiceName) -> TreeUsage? {
        let known = trees ?? usage(of: targets.mapValues(\.pid), in: ProcessTable.read(), .host)
        trees = known
        return known[service]
    }
}
