/// What there is to sample of a service's instance.
package struct SampleTarget: Codable, Equatable, Sendable {
    /// The main process.
    package var pid: Int32
    /// The directory of the instance's cgroup; nil: there is none.
    package var cgroup: String?

    package init(pid: Int32, cgroup: String? = nil) {
        self.pid = pid
        self.cgroup = cgroup
    }
}

/// What a service's process tree uses, from its cgroup where that has the controllers, else from /proc.
package struct ServiceSample: Equatable, Sendable, Codable {
    /// In use; from /proc: resident, summed over the tree, so that shared pages count once for each
    /// process.
    package var memory: ByteCount
    /// Used since the processes started, summed over the tree.
    @Seconds package var cpuTime: Duration
    package var processes: Int
    package var memoryPeak: ByteCount?
    /// What its cgroup is limited to.
    package var memoryLimit: ByteCount?
    /// From and to storage since the start.
    package var bytesRead: Int64?
    package var bytesWritten: Int64?
    package var pressure: Pressure?
    /// How many of its processes the kernel has killed for memory, since the cgroup was made.
    package var oomKills: Int?

    package init(memory: ByteCount, cpuTime: Duration, processes: Int) {
        self.memory = memory
        self._cpuTime = Seconds(wrappedValue: cpuTime)
        self.processes = processes
    }
}

/// The kernel's pressure stall information: shares of the last 10 s in which something waited.
package struct Pressure: Equatable, Sendable, Codable {
    package var cpu: Double
    package var memory: Double
    package var io: Double

    package init(cpu: Double, memory: Double, io: Double) {
        self.cpu = cpu
        self.memory = memory
        self.io = io
    }
}

/// What the host uses. Counters run since boot.
package struct HostSample: Equatable, Sendable, Codable {
    package var cpus: Int = 1
    /// Of all cores together.
    @Seconds package var busy: Duration = .zero
    @Seconds package var idle: Duration = .zero
    package var memoryTotal: Int64 = 0
    package var memoryAvailable: Int64 = 0
    package var swapTotal: Int64 = 0
    package var swapFree: Int64 = 0
    package var load1: Double = 0
    package var pressure: Pressure?
    package var disks: [DiskSample] = []
    /// Over all interfaces but loopback.
    package var bytesReceived: Int64 = 0
    package var bytesSent: Int64 = 0
    package var bytesRead: Int64 = 0
    package var bytesWritten: Int64 = 0
    /// CPU time that this sampling cost.
    @Seconds package var cost: Duration = .zero

    package init() {}
}

/// A file system.
package struct DiskSample: Equatable, Sendable, Codable {
    /// A path on it, as it was asked for.
    package var path: String
    package var total: Int64
    /// To a program without rights.
    package var available: Int64
    package var inodes: Int64
    package var inodesFree: Int64

    package init(path: String, total: Int64, available: Int64, inodes: Int64, inodesFree: Int64) {
        self.path = path
        self.total = total
        self.available = available
        self.inodes = inodes
        self.inodesFree = inodesFree
    }
}
