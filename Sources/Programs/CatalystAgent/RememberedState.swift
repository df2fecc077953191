internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

/// What outlives the agent: the operator's wishes, the instances that run, and what is known of the services.
///
/// Another release's agent reads it as well: what it does not know it leaves out, and what it misses is as if
/// nothing had been remembered. So every key is optional, and none ever changes its meaning.
struct RememberedState: Codable, Equatable, Sendable {
    struct Instance: Codable, Equatable, Sendable {
        var pid: Int32
        /// With the boot's id, the pid and this name one process for good.
        var startTicks: UInt64
        var mark: String
        var cgroup: String?
        /// See `Child.landlock`; what `/proc` does not tell.
        var landlock: Int32?
    }

    struct Service: Codable, Equatable, Sendable {
        var past: Past
        /// What its answers so far mean.
        var tally: Tally?
        /// Since when it is in its state.
        var since: Timestamp
        var restarts: Int
        var lastExit: ExitReason?
        /// When its instance was started.
        var started: Moment?
    }

    var boot = ""
    /// Who wrote it.
    var agent: Int32 = 0
    /// Services that the operator has stopped.
    var stopped: [ServiceName] = []
    var instances: [ServiceName: Instance] = [:]
    var services: [ServiceName: Service] = [:]
    /// The number of the newest event when this was written.
    var lastEvent: UInt64?

    /// The one under way.
    var drill: DrillReport?

    private enum CodingKeys: CodingKey {
        case boot, agent, stopped, instances, services, lastEvent, drill
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        boot = (try? values.decode(String.self, forKey: .boot)) ?? ""
        agent = (try? values.decode(Int32.self, forKey: .agent)) ?? 0
        stopped = (try? values.decode([ServiceName].self, forKey: .stopped)) ?? []
        instances = Self.readable(values, .instances)
        services = Self.readable(values, .services)
        lastEvent = try? values.decode(UInt64.self, forKey: .lastEvent)
        drill = try? values.decode(DrillReport.self, forKey: .drill)
    }

    /// Each by itself: one that cannot be read costs only itself.
    private static func readable<Value: Codable>(
        _ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys
    ) -> [ServiceName: Value] {
        let found = try? values.decode([ServiceName: Readable<Value>].self, forKey: key)
        return (found ?? [:]).compactMapValues(\.value)
    }

    private struct Readable<Value: Codable>: Decodable {
        let value: Value?
        init(from decoder: any Decoder) { value = try? Value(from: decoder) }
    }

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

    /// A probe, a hook, or what tells of alerts: see `CommandRun`.
    var isCommand: Bool { tree.mark.split(separator: ".").last?.hasPrefix("run") == true }
}
