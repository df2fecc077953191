package import StackModel

/// The whole stack at a glance.
package struct StackStatus: Codable, Equatable, Sendable {
    package enum State: String, Codable, Sendable {
        /// Everything wanted is up and nothing is unhealthy.
        case healthy
        /// On the way up, nothing wrong yet.
        case starting
        case unhealthy
        case stopping
        /// Nothing is wanted, nothing runs.
        case down
    }

    package var stack: String
    package var state: State
    package var time: Timestamp
    package var agent: AgentVersion
    package var services: [ServiceStatus]
    /// What the operator should know about the agent itself: a refused stack file, a lost collector …
    package var notes: [String]
    package var host: HostStatus = HostStatus()

    package init(
        stack: String, state: State, time: Timestamp, agent: AgentVersion,
        services: [ServiceStatus],
        notes: [String]
    ) {
        self.stack = stack
        self.state = state
        self.time = time
        self.agent = agent
        self.services = services
        self.notes = notes
    }
}

package struct ServiceStatus: Codable, Equatable, Sendable {
    package var name: ServiceName
    package var state: ServiceStage
    /// `unknown` also where there is no health check.
    package var health: Verdict
    package var hasHealthCheck: Bool
    package var wanted: Bool
    /// Since when it is in this state.
    package var since: Timestamp
    package var pid: Int32?
    /// Since the agent started.
    package var restarts: Int
    package var port: UInt16?
    package var memory: ByteCount?
    package var memoryLimit: ByteCount?
    /// Share of one core over the last sampling interval.
    package var cpu: Double?
    package var processes: Int?
    @Seconds package var latency: Duration = .zero
    /// What is wrong, in words; nil: nothing.
    package var problem: String?
    /// The services and things whose fault it is, or that it waits for.
    package var blockedBy: [Subject] = []
    /// When a waiting or failed service is tried again.
    package var nextAttempt: Timestamp?
    package var lastExit: ExitReason?
    package var availability = Availability()
    package var pressure: Pressure?
    /// What the service says of itself: sd_notify's `STATUS=`.
    package var statusText: String?

    package init(
        name: ServiceName, state: ServiceStage, health: Verdict, hasHealthCheck: Bool, wanted: Bool,
        since: Timestamp, restarts: Int
    ) {
        self.name = name
        self.state = state
        self.health = health
        self.hasHealthCheck = hasHealthCheck
        self.wanted = wanted
        self.since = since
        self.restarts = restarts
    }
}

/// Why one service is as it is: the answer to `why`.
package struct Explanation: Codable, Equatable, Sendable {
    package var service: ServiceStatus
    /// One sentence.
    package var summary: String
    /// From the service to the root of its trouble, one step each.
    package var chain: [String] = []
    package var lastReport: Report?
    package var lastReportTime: Timestamp?
    package var events: [EventRecord] = []
    package var logs: [LogRecord] = []
    /// The commands worth typing next.
    package var suggestions: [String] = []
    /// The worst open alert about it, or about what blocks it; without its evidence.
    package var alert: Alert?

    package init(service: ServiceStatus, summary: String) {
        self.service = service
        self.summary = summary
    }
}
