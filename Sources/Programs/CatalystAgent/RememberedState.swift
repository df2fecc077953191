internal import LinuxSystem
internal import StackModel

/// What outlives the agent: the operator's wishes, and the instances that run.
struct RememberedState: Codable, Equatable, Sendable {
    struct Instance: Codable, Equatable, Sendable {
        var pid: Int32
        /// With the boot's id, the pid and this name one process for good.
        var startTicks: UInt64
        var mark: String
        var cgroup: String?
    }

    var boot: String = ""
    /// Services that the operator has stopped.
    var stopped: [ServiceName] = []
    var instances: [ServiceName: Instance] = [:]
    /// The number of the newest event when this was written.
    var lastEvent: UInt64?

    /// Those that still run, from a state of this boot.
    func survivors(boot: String) -> [Survivor] {
        guard self.boot == boot else { return [] }
        return instances.sorted { $0.key < $1.key }.compactMap { name, instance in
            let cgroup = instance.cgroup.map { Cgroup(path: $0) }
            // A pid that was given to another process since has another start time; its marked children may still run.
            let isSame = Proc.entry(of: instance.pid)?.startTicks == instance.startTicks
            let tree = ProcessTree(
                leader: isSame ? instance.pid : -1, cgroup: cgroup, mark: instance.mark,
                isLeftover: true)
            return tree.isEmpty ? nil : Survivor(name: name, tree: tree)
        }
    }
}

/// What an earlier agent started, and still runs.
struct Survivor {
    let name: ServiceName
    /// Its leader is -1 where the main process is gone.
    let tree: ProcessTree
}
