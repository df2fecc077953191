/// What the operator must see, from `pending` through `firing` to `resolved`.
///
/// One alert is one trouble of one subject: what gets worse escalates it, what others suffer from it
/// is listed in it.
package struct Alert: Equatable, Sendable, Codable {
    package enum State: String, Sendable, Codable {
        /// True, but not for long enough yet. Nobody is told.
        case pending
        case firing
        case resolved
    }

    /// The ledger's number for it; grows.
    package var id: Int64
    /// The worst rule of its family that held.
    package var rule: AlertRule
    package var subject: Subject
    package var severity: Severity
    package var state: State
    /// Since when it is true.
    package var since: Timestamp
    package var firedAt: Timestamp?
    package var resolvedAt: Timestamp?
    /// One line: what is wrong, the subject's name not repeated.
    package var summary: String
    /// The services that suffer from it: not restarted, no alerts of their own.
    package var blocked: [ServiceName] = []
    package var evidence = Evidence()
    /// By whom, in words; nil: nobody has.
    package var acknowledgedBy: String?
    /// When somebody was told for the first time; nil: nobody was, so nobody is told that it is over.
    package var toldAt: Timestamp?
    package var remindedAt: Timestamp?
    /// Why nobody is told: `maintenance`, `restart`, `silenced by root until …`; nil: they are.
    package var silence: String?

    package init(
        id: Int64, rule: AlertRule, subject: Subject, severity: Severity, state: State = .pending,
        since: Timestamp, summary: String
    ) {
        self.id = id
        self.rule = rule
        self.subject = subject
        self.severity = severity
        self.state = state
        self.since = since
        self.summary = summary
    }

    package var key: AlertKey { AlertKey(family: rule.family, subject: subject) }
}

package enum Severity: String, Sendable, Codable, Comparable, CaseIterable {
    case warning, critical

    package static func < (left: Self, right: Self) -> Bool {
        left == .warning && right == .critical
    }
    package var priority: EventRecord.Priority {
        switch self {
        case .warning: .warning
        case .critical: .critical
        }
    }
}

/// Of one family and subject there is one open alert at a time.
package struct AlertKey: Hashable, Sendable, Codable {
    package var family: String
    package var subject: Subject

    package init(family: String, subject: Subject) {
        self.family = family
        self.subject = subject
    }
}

/// What makes an alert. Names are for ever: scripts and `journalctl` filter by them.
package enum AlertRule: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    // A service's life, from bad to worse: one family.
    case serviceDown = "service-down"
    case serviceUnhealthy = "service-unhealthy"
    case serviceCrashLooping = "service-crash-looping"
    case serviceOOMKilled = "service-oom-killed"
    case serviceGaveUp = "service-gave-up"
    /// More health restarts were due than the brake allows.
    case brake
    case serviceMemory = "service-memory"
    case logFlood = "log-flood"

    case cpuHigh = "cpu-high"
    /// For a day: the documented sign for the next droplet size.
    case cpuSustained = "cpu-sustained"
    case memoryHigh = "memory-high"
    case diskHigh = "disk-high"
    case inodesHigh = "inodes-high"
    /// Full in less than a day at this rate.
    case diskFilling = "disk-filling"
    case clockJump = "clock-jump"

    case redisMemory = "redis-memory"
    case redisEvictions = "redis-evictions"
    case redisPersistence = "redis-persistence"

    case databaseAway = "database-away"
    case databaseSlow = "database-slow"
    case databaseConnections = "database-connections"
    case databaseSize = "database-size"
    case databaseNotEncrypted = "database-not-encrypted"

    case certificateExpiring = "certificate-expiring"
    case frontDoor = "front-door"
    case backupOld = "backup-old"
    case snapshotOld = "snapshot-old"

    case collectorLost = "collector-lost"
    case stackRefused = "stack-refused"
    case ledgerFailing = "ledger-failing"
    case outboxFilling = "outbox-filling"
    case agentMemory = "agent-memory"
    case maintenanceOverdue = "maintenance-overdue"
    /// The `on_alert` command fails.
    case notifierFailing = "notifier-failing"
    /// A rollout failed, and no later one has succeeded.
    case rolloutFailed = "rollout-failed"
    /// Asked for by an operator, to see that alerts arrive.
    case test

    /// Rules of one family about one subject make one alert.
    package var family: String {
        switch self {
        case .serviceDown, .serviceUnhealthy, .serviceCrashLooping, .serviceOOMKilled,
            .serviceGaveUp:
            "service-life"
        default: rawValue
        }
    }
}

/// What a person needs to understand an alert. Never holds a secret of the stack's.
package struct Evidence: Equatable, Sendable, Codable {
    package var exit: ExitReason?
    /// What was answered to the last probe.
    package var lastReport: Report?
    /// The last 20 lines that the service wrote.
    package var lines: [LogRecord] = []
    package var measures: Reading = [:]
    /// What happened lately, newest last: reloads, restarts, commands.
    package var changes: [EventRecord] = []
    /// The commands worth typing next.
    package var suggestions: [String] = []

    package init() {}
}

/// One step in the life of an alert: what is told, shipped and kept.
package struct AlertEvent: Equatable, Sendable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case fired
        /// It got worse: another rule of the family, or a higher severity.
        case escalated
        /// More or fewer services suffer from it.
        case spread
        case reminded
        case resolved
        case acknowledged
        case silenced
        case test
    }

    /// Unique on this machine and for ever: a UUID in text.
    package var id: String
    package var kind: Kind
    package var time: Timestamp
    /// One line for people.
    package var message: String
    /// As it was then.
    package var alert: Alert

    package init(id: String, kind: Kind, time: Timestamp, message: String, alert: Alert) {
        self.id = id
        self.kind = kind
        self.time = time
        self.message = message
        self.alert = alert
    }

    /// Good news is no warning.
    package var priority: EventRecord.Priority {
        switch kind {
        case .fired, .escalated, .reminded: alert.severity.priority
        case .spread, .resolved, .acknowledged, .silenced, .test: .notice
        }
    }
}

/// Alerts about `subjects` are kept, not told, until `until`.
package struct Silence: Equatable, Sendable, Codable {
    package var id: Int64
    /// Nil: every subject.
    package var subjects: [Subject]?
    /// Nil: every rule.
    package var rule: AlertRule?
    package var until: Timestamp
    /// By whom and why, in words.
    package var reason: String

    package init(
        id: Int64, subjects: [Subject]?, rule: AlertRule? = nil, until: Timestamp, reason: String
    ) {
        self.id = id
        self.subjects = subjects
        self.rule = rule
        self.until = until
        self.reason = reason
    }

    package func covers(_ alert: Alert, at time: Timestamp) -> Bool {
        time < until && (subjects?.contains(alert.subject) ?? true)
            && (rule == nil || rule == alert.rule)
    }
}

/// A time in which the operator works on the machine and alerts are not told.
package struct Maintenance: Equatable, Sendable, Codable {
    package var since: Timestamp
    /// After it alerts are told again, and that it has not been ended is one of them.
    package var until: Timestamp
    package var reason: String

    package init(since: Timestamp, until: Timestamp, reason: String) {
        self.since = since
        self.until = until
        self.reason = reason
    }
}
