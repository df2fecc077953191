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
    /// Nil: it is not isolated, and what is above is all.
    package var isolation: Isolation?

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
    /// `blkio_config.weight`, 10…1000: its share of a busy disk; 100 is everybody's.
    package var ioWeight: Int?

    package init() {}

    package struct Amounts: Equatable, Sendable, Codable {
        /// Cores: 0.5 is half of one.
        package var cpus: Double?
        package var memory: ByteCount?
        package var pids: Int?
        package init() {}
    }
}

/// `deploy.update_config` and `rollback_config`: how a service is rolled. What is nil is as
/// `x-catalyst.rollout` of the stack says.
package struct UpdatePolicy: Equatable, Sendable, Codable {
    package enum Order: String, Sendable, Codable {
        case stopFirst = "stop-first", startFirst = "start-first"
    }
    package enum FailureAction: String, Sendable, Codable { case pause, `continue`, rollback }

    /// Nil: start-first where the service's socket allows it.
    package var order: Order?
    /// Between the end of its step and the beginning of the next.
    @Seconds package var delay: Duration = .zero
    /// How long the new instance must stay well while it serves users; nil: the stack's `soak`.
    package var monitor: Seconds?
    package var failureAction: FailureAction?
    /// Compose's; a service is one instance, so it changes nothing.
    package var parallelism: Int = 1
    /// Up to this share of a rollout's services may fail, each going back alone, before `failureAction`.
    package var failureRatioMax: Double = 0

    package init() {}
}

/// A command that can say "do not roll me now".
package struct Hold: Equatable, Sendable, Codable {
    /// Exit 0 means "not now".
    package var command: [String]
    /// Asked again this often.
    @Seconds package var every: Duration = .seconds(5)
    /// After so long the rollout fails.
    @Seconds package var limit: Duration = .seconds(600)

    package init(command: [String]) { self.command = command }
}

/// Commands around an instance's life.
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
