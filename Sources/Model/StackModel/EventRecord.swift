/// Something that happened, told to the operator: in `events`, in journald, on stderr.
package struct EventRecord: Equatable, Sendable, Codable {
    /// Grows by one with each event of one agent.
    package var id: UInt64
    package var time: Timestamp
    package var service: ServiceName?
    package var kind: Kind
    package var priority: Priority
    /// One line for people, the service's name not repeated.
    package var message: String

    package init(
        id: UInt64, time: Timestamp, service: ServiceName?, kind: Kind, priority: Priority,
        message: String
    ) {
        self.id = id
        self.time = time
        self.service = service
        self.kind = kind
        self.priority = priority
        self.message = message
    }

    package enum Kind: String, Sendable, Codable, CaseIterable {
        case agentStarted = "agent-started"
        case agentStopping = "agent-stopping"
        case agentStopped = "agent-stopped"
        case agentAnomaly = "agent-anomaly"
        case stackLoaded = "stack-loaded"
        case stackRefused = "stack-refused"
        case collectorLost = "collector-lost"
        case collectorReady = "collector-ready"
        case asked = "asked"
        /// What came of what an operator asked for.
        case answered = "answered"
        /// Somebody asked for what they may not have.
        case refused = "refused"
        case held = "held"
        case started = "started"
        case startFailed = "start-failed"
        case ready = "ready"
        case healthy = "healthy"
        case degraded = "degraded"
        case unhealthy = "unhealthy"
        case blocked = "blocked"
        case braked = "braked"
        case unknown = "unknown"
        case exited = "exited"
        case stopping = "stopping"
        case killed = "killed"
        case down = "down"
        case backingOff = "backing-off"
        case gaveUp = "gave-up"
        case forgiven = "forgiven"
        case logsDropped = "logs-dropped"
        case maintenance = "maintenance"
        case alertsFolded = "alerts-folded"
        case ledger = "ledger"
        case outbox = "outbox"
        case clockJumped = "clock-jumped"
        case notifierFailed = "notifier-failed"
        case inspected = "inspected"
        case notified = "notified"
        case rolloutBegan = "rollout-began"
        /// A service's part in a rollout went on.
        case rolling = "rolling"
        case rolloutSucceeded = "rollout-succeeded"
        case rolloutFailed = "rollout-failed"
        /// Its instance was found running by a new agent, and is looked after again.
        case adopted = "adopted"
        /// A fault is injected on purpose, or what came of it.
        case drill = "drill"
    }

    /// syslog(3)'s levels, the ones we use.
    package enum Priority: Int, Sendable, Codable, Comparable {
        case critical = 2
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }
}

/// One line a service wrote.
package struct LogRecord: Equatable, Sendable, Codable {
    package enum Stream: String, Sendable, Codable { case stdout, stderr }

    package var service: ServiceName
    package var time: Timestamp
    package var stream: Stream
    /// Without its newline; bytes that are no UTF-8 are shown as U+FFFD.
    package var text: String

    package init(service: ServiceName, time: Timestamp, stream: Stream, text: String) {
        self.service = service
        self.time = time
        self.stream = stream
        self.text = text
    }
}
