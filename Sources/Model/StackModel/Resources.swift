/// What a process is allowed: set by spawn, inherited by everything the service starts.
package struct Confinement: Equatable, Sendable, Codable {
    /// By rlimit name (`nofile`, `nproc` …), soft and hard; -1 is unlimited.
    package var ulimits: [String: Ulimit] = [:]
    /// Capability names without `CAP_`; `ALL` is every one.
    package var capabilitiesAdded: [String] = []
    package var capabilitiesDropped: [String] = []
    package var noNewPrivileges: Bool = false
    package var readOnly: Bool = false
    /// Directories that get an empty file system in memory.
    package var tmpfs: [String] = []
    /// -1000…1000; nil: as the agent's.
    package var oomScoreAdjustment: Int?

    package init() {}

    package struct Ulimit: Equatable, Sendable, Codable {
        package var soft: Int64
        package var hard: Int64
        package init(soft: Int64, hard: Int64) {
            self.soft = soft
            self.hard = hard
        }
    }
}

/// `deploy.resources`: nil where the file says nothing.
package struct Resources: Equatable, Sendable, Codable {
    package var limits = Amounts()
    package var reservations = Amounts()

    package init() {}

    package struct Amounts: Equatable, Sendable, Codable {
        /// Cores: 0.5 is half of one.
        package var cpus: Double?
        package var memory: ByteCount?
        package var pids: Int?
        package init() {}
    }
}

/// `deploy.update_config` and `rollback_config`: carried for rollouts.
package struct UpdatePolicy: Equatable, Sendable, Codable {
    package enum Order: String, Sendable, Codable {
        case stopFirst = "stop-first", startFirst = "start-first"
    }
    package enum FailureAction: String, Sendable, Codable { case pause, `continue`, rollback }

    package var order: Order = .stopFirst
    @Seconds package var delay: Duration = .zero
    @Seconds package var monitor: Duration = .seconds(5)
    package var failureAction: FailureAction = .pause
    package var parallelism: Int = 1
    package var failureRatioMax: Double = 0

    package init() {}
}

/// Commands around an instance's life: carried for rollouts.
package struct Hooks: Equatable, Sendable, Codable {
    package var preStart: [Hook] = []
    package var postStart: [Hook] = []
    package var preStop: [Hook] = []

    package init() {}

    package struct Hook: Equatable, Sendable, Codable {
        package var command: [String]
        package var user: String?
        package var workingDirectory: String?
        package var environment: [String: String] = [:]
        package init(command: [String]) { self.command = command }
    }
}
