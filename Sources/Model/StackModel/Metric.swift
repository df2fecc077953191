/// One thing that is measured. Raw values are stored: never reuse one.
package enum Metric: UInt8, Sendable, CaseIterable {
    // A service.
    /// Share of one core.
    case cpu = 1
    case memory = 2
    case memoryPeak = 3
    case memoryLimit = 4
    case processes = 5
    case bytesRead = 6
    case bytesWritten = 7
    case pressureCPU = 8
    case pressureMemory = 9
    case pressureIO = 10
    /// How often it was restarted in the time measured.
    case restarts = 11
    case latencyP50 = 12
    case latencyP99 = 13
    /// Seconds of the time measured in which it was wanted …
    case wanted = 14
    /// … and those of them in which it was well: availability is the one over the other.
    case well = 15
    case uptime = 16

    // The host.
    /// Share of all cores.
    case hostCPU = 32
    /// Share of it that is not available.
    case memoryUsed = 33
    case memoryAvailable = 34
    case swapUsed = 35
    case load1 = 36
    /// Share of the file system with logs and ledger.
    case diskUsed = 37
    case diskAvailable = 38
    case inodesUsed = 39
    case networkReceived = 40
    case networkSent = 41
    case diskRead = 42
    case diskWritten = 43

    // Redis.
    case redisMemory = 64
    case redisMemoryMax = 65
    /// Keys a second.
    case redisEvictions = 66
    case redisClients = 67
    case redisLatency = 68

    // Postgres.
    case postgresConnect = 80
    case postgresQuery = 81
    case postgresConnections = 82
    case postgresConnectionLimit = 83
    case postgresSize = 84

    // The certificate and what is in front.
    case certificateDaysLeft = 96
    case frontDoorLatency = 97

    // What is kept elsewhere.
    case backupAge = 104
    case snapshotAge = 105

    // The agent itself.
    case samplingCost = 112
    case ledgerSize = 113
    case outboxWaiting = 114

    package enum Unit: String, Sendable, Codable {
        case bytes, seconds, share, count, days
        case bytesPerSecond = "bytes/s"
        case countPerSecond = "1/s"
    }
}

/// Values at one time, or over one stretch of it.
package typealias Reading = [Metric: Double]

extension Metric {
    /// Its name in JSON, in `metrics --metric` and in stack files.
    package var name: String { description.name }
    package var unit: Unit { description.unit }
    /// One line for people and for Prometheus' HELP.
    package var help: String { description.help }

    package init?(name: String) {
        guard let found = Self.byName[name] else { return nil }
        self = found
    }

    private static let byName = Dictionary(
        allCases.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    private var description: (name: String, unit: Unit, help: String) {
        switch self {
        case .cpu: ("cpu", .share, "CPU used, as a share of one core")
        case .memory: ("memory", .bytes, "memory in use")
        case .memoryPeak: ("memory-peak", .bytes, "the most memory that was in use")
        case .memoryLimit: ("memory-limit", .bytes, "memory it may use")
        case .processes: ("processes", .count, "processes and threads' leaders in its tree")
        case .bytesRead: ("bytes-read", .bytesPerSecond, "bytes read from storage")
        case .bytesWritten: ("bytes-written", .bytesPerSecond, "bytes written to storage")
        case .pressureCPU: ("pressure-cpu", .share, "share of time something waited for a CPU")
        case .pressureMemory:
            ("pressure-memory", .share, "share of time something waited for memory")
        case .pressureIO: ("pressure-io", .share, "share of time something waited for storage")
        case .restarts: ("restarts", .count, "restarts")
        case .latencyP50: ("latency-p50", .seconds, "median time of a probe's answer")
        case .latencyP99:
            ("latency-p99", .seconds, "99th percentile of the time of a probe's answer")
        case .wanted: ("wanted", .seconds, "time in which it was to run")
        case .well: ("well", .seconds, "time in which it was well")
        case .uptime: ("uptime", .seconds, "time since its instance started")
        case .hostCPU: ("host-cpu", .share, "CPU used, as a share of all cores")
        case .memoryUsed:
            ("memory-used", .share, "share of the host's memory that is not available")
        case .memoryAvailable: ("memory-available", .bytes, "memory that programs can still get")
        case .swapUsed: ("swap-used", .bytes, "swap in use")
        case .load1: ("load1", .count, "load average over a minute")
        case .diskUsed: ("disk-used", .share, "share of the disk in use")
        case .diskAvailable: ("disk-available", .bytes, "space left on the disk")
        case .inodesUsed: ("inodes-used", .share, "share of the disk's inodes in use")
        case .networkReceived:
            ("network-received", .bytesPerSecond, "bytes received, without loopback")
        case .networkSent: ("network-sent", .bytesPerSecond, "bytes sent, without loopback")
        case .diskRead: ("disk-read", .bytesPerSecond, "bytes read from disks")
        case .diskWritten: ("disk-written", .bytesPerSecond, "bytes written to disks")
        case .redisMemory: ("redis-memory", .bytes, "memory that Redis uses")
        case .redisMemoryMax: ("redis-memory-max", .bytes, "Redis' maxmemory")
        case .redisEvictions: ("redis-evictions", .countPerSecond, "keys that Redis evicted")
        case .redisClients: ("redis-clients", .count, "clients of Redis")
        case .redisLatency: ("redis-latency", .seconds, "time of Redis' answer")
        case .postgresConnect: ("postgres-connect", .seconds, "time to connect to the database")
        case .postgresQuery: ("postgres-query", .seconds, "time of SELECT 1")
        case .postgresConnections: ("postgres-connections", .count, "connections to the database")
        case .postgresConnectionLimit:
            ("postgres-connection-limit", .count, "connections that the database allows")
        case .postgresSize: ("postgres-size", .bytes, "size of the database")
        case .certificateDaysLeft:
            ("certificate-days-left", .days, "days until the certificate expires")
        case .frontDoorLatency: ("front-door-latency", .seconds, "time of the front door's answer")
        case .backupAge: ("backup-age", .seconds, "time since the newest backup was made")
        case .snapshotAge:
            ("snapshot-age", .seconds, "time since the droplet's last snapshot was taken")
        case .samplingCost: ("sampling-cost", .seconds, "CPU time of one sampling")
        case .ledgerSize: ("ledger-size", .bytes, "size of the ledger on disk")
        case .outboxWaiting: ("outbox-waiting", .count, "records that wait for the database")
        }
    }

    /// Whether it adds up over time, as seconds and restarts do; other values are averaged.
    package var isSum: Bool {
        switch self {
        case .restarts, .wanted, .well: true
        default: false
        }
    }
}

extension Metric: CodingKeyRepresentable, Codable {
    package var codingKey: any CodingKey { ServiceName(name).codingKey }
    package init?(codingKey: some CodingKey) { self.init(name: codingKey.stringValue) }
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let metric = Metric(name: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no metric '\(text)'")
        }
        self = metric
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

/// How long one stored measurement lasts, and how long it is kept.
package enum Resolution: UInt8, Sendable, Codable, CaseIterable {
    case raw = 0, minute = 1, hour = 2

    package var retention: Duration {
        switch self {
        case .raw: .seconds(3600)
        case .minute: .seconds(7 * 86_400)
        case .hour: .seconds(400 * 86_400)
        }
    }
}

/// What was measured of one subject over one stretch of time.
package struct Measurement: Equatable, Sendable, Codable {
    /// Its beginning.
    package var time: Timestamp
    package var subject: Subject
    package var resolution: Resolution
    /// Means; sums where `Metric.isSum`.
    package var values: Reading
    /// The greatest of the values, where it is another than the mean.
    package var highs: Reading

    package init(
        time: Timestamp, subject: Subject, resolution: Resolution, values: Reading,
        highs: Reading = [:]
    ) {
        self.time = time
        self.subject = subject
        self.resolution = resolution
        self.values = values
        self.highs = highs
    }
}
