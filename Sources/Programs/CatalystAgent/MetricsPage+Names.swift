internal import StackModel

extension Metric {
    /// Its name behind `catalyst_`, in base units, and what makes base units of our value.
    func inPrometheus(of subject: Subject) -> (name: String, scale: Double) {
        let scope = belongsToServices ? Self.scope(of: subject) : ownScope
        let (suffix, scale) = unitInPrometheus
        return (scope + stem + suffix, scale)
    }

    var helpInPrometheus: String {
        self == .certificateDaysLeft ? "time until the certificate expires" : help
    }

    /// Whether `subject` is the one that the name speaks of already.
    func belongs(to subject: Subject) -> Bool {
        guard !belongsToServices, case .thing(let thing) = subject else { return true }
        return homes.contains(thing)
    }

    private var belongsToServices: Bool { rawValue < Metric.hostCPU.rawValue }

    private static func scope(of subject: Subject) -> String {
        switch subject {
        case .service: "service_"
        case .thing(let thing): underscored(thing.rawValue) + "_"
        }
    }

    private var ownScope: String {
        switch homes.first {
        case .host, .memory: "host_"
        case .agent: "agent_"
        default: ""
        }
    }

    /// The things it can be about, so that the name alone says which one it is.
    private var homes: [Subject.Thing] {
        switch self {
        case .hostCPU, .load1, .networkReceived, .networkSent, .diskRead, .diskWritten: [.host]
        case .memoryUsed, .memoryAvailable, .swapUsed: [.memory]
        case .diskUsed, .diskAvailable, .inodesUsed: [.disk]
        case .postgresConnect, .postgresQuery, .postgresConnections, .postgresConnectionLimit,
            .postgresSize:
            [.postgres]
        case .certificateDaysLeft: [.certificate]
        case .frontDoorLatency: [.frontDoor]
        case .backupAge: [.backup]
        case .snapshotAge: [.snapshot]
        case .samplingCost, .ledgerSize, .outboxWaiting: [.agent]
        case .cpu, .memory, .memoryPeak, .memoryLimit, .processes, .bytesRead, .bytesWritten,
            .pressureCPU, .pressureMemory, .pressureIO, .restarts, .latencyP50, .latencyP99,
            .wanted,
            .well, .uptime, .redisMemory, .redisMemoryMax, .redisEvictions, .redisClients,
            .redisLatency:
            []
        }
    }

    /// The name without the words that its unit adds.
    private var stem: String {
        switch self {
        case .hostCPU: "cpu_busy"
        case .bytesRead: "read"
        case .bytesWritten: "written"
        case .latencyP50: "probe_latency_p50"
        case .latencyP99: "probe_latency_p99"
        case .certificateDaysLeft: "certificate_left"
        case .samplingCost: "sampling_cpu"
        case .postgresSize: "postgres_database"
        case .ledgerSize: "ledger"
        case .redisEvictions: "redis_evicted_keys"
        default: underscored(name)
        }
    }

    private var unitInPrometheus: (suffix: String, scale: Double) {
        switch unit {
        case .bytes: ("_bytes", 1)
        case .seconds: ("_seconds", 1)
        case .share: ("_ratio", 1)
        case .count: ("", 1)
        case .days: ("_seconds", 86_400)
        case .bytesPerSecond: ("_bytes_per_second", 1)
        case .countPerSecond: ("_per_second", 1)
        }
    }
}

private func underscored(_ name: String) -> String {
    String(name.map { $0 == "-" ? "_" : $0 })
}
