/// `x-catalyst.alerts`, resolved: every rule's policy, and who is told.
package struct AlertSettings: Equatable, Sendable, Codable {
    /// What the file says; `policy(for:)` adds what it does not.
    package var rules: [AlertRule: AlertPolicy] = [:]
    /// Gets the alert as JSON on stdin.
    package var onAlert: [String]?
    @Seconds package var onAlertTimeout: Duration = .seconds(10)
    /// What still fires is told again after this; zero: never.
    @Seconds package var remindAfter: Duration = .seconds(4 * 3600)
    /// At most so many alerts are told in `floodWindow`; the others are counted and told as one.
    package var floodMax: Int = 20
    @Seconds package var floodWindow: Duration = .seconds(60)

    package init() {}

    package func policy(for rule: AlertRule) -> AlertPolicy { rules[rule] ?? .standard(for: rule) }
}

/// When a rule makes an alert, and when the alert is over.
package struct AlertPolicy: Equatable, Sendable, Codable {
    package var isEnabled = true
    package var severity: Severity
    /// The level that raises it, in the rule's own unit: a share, seconds, days, a count.
    package var threshold: Double?
    /// The level that clears it: between the two it stays as it is.
    package var clear: Double?
    /// For how long it must be true before it fires.
    @Seconds package var after: Duration
    /// For how long it must be over before it is resolved.
    @Seconds package var hold: Duration

    package init(
        _ severity: Severity, threshold: Double? = nil, clear: Double? = nil,
        after: Duration = .zero, hold: Duration = .seconds(60)
    ) {
        self.severity = severity
        self.threshold = threshold
        self.clear = clear ?? threshold
        self._after = Seconds(wrappedValue: after)
        self._hold = Seconds(wrappedValue: hold)
    }

    /// The default. CPU, memory and disk above 90 % for a minute are the documented ones.
    package static func standard(for rule: AlertRule) -> AlertPolicy {
        let day = Duration.seconds(86_400)
        switch rule {
        // A quick restart is no alert; flapping within the hold is one alert, not many.
        case .serviceDown:
            return AlertPolicy(.critical, after: .seconds(5), hold: .seconds(20))
        case .serviceUnhealthy: return AlertPolicy(.critical, hold: .seconds(20))
        case .serviceCrashLooping:
            return AlertPolicy(.critical, threshold: 3, hold: .seconds(45))
        case .serviceOOMKilled: return AlertPolicy(.critical, hold: .seconds(20))
        case .serviceGaveUp: return AlertPolicy(.critical, hold: .seconds(20))
        case .brake: return AlertPolicy(.critical)
        case .serviceMemory:
            return AlertPolicy(.warning, threshold: 0.9, clear: 0.8, after: .seconds(60))
        case .logFlood: return AlertPolicy(.warning, hold: .seconds(300))
        case .cpuHigh, .memoryHigh, .diskHigh, .inodesHigh:
            return AlertPolicy(.warning, threshold: 0.9, clear: 0.85, after: .seconds(60))
        case .cpuSustained:
            return AlertPolicy(
                .warning, threshold: 0.8, clear: 0.7, after: day, hold: .seconds(3600))
        case .diskFilling:
            return AlertPolicy(
                .critical, threshold: 86_400, clear: 2 * 86_400, after: .seconds(600),
                hold: .seconds(600))
        case .clockJump: return AlertPolicy(.warning, threshold: 2, hold: .seconds(300))
        case .redisMemory:
            return AlertPolicy(.warning, threshold: 0.9, clear: 0.8, after: .seconds(60))
        case .redisEvictions:
            return AlertPolicy(.warning, threshold: 0, after: .seconds(60), hold: .seconds(300))
        case .redisPersistence: return AlertPolicy(.critical)
        case .databaseAway: return AlertPolicy(.critical, hold: .seconds(20))
        case .databaseSlow:
            return AlertPolicy(.warning, threshold: 1, clear: 0.5, after: .seconds(120))
        case .databaseConnections:
            return AlertPolicy(.warning, threshold: 0.8, clear: 0.7, after: .seconds(60))
        case .databaseSize: return AlertPolicy(.warning, threshold: 0.8, clear: 0.75)
        case .databaseNotEncrypted: return AlertPolicy(.critical)
        case .certificateExpiring: return AlertPolicy(.warning, threshold: 14, clear: 15)
        case .frontDoor: return AlertPolicy(.critical, after: .seconds(60))
        // Made daily: one that failed is no reason to get up, but one to look.
        case .backupOld: return AlertPolicy(.warning, threshold: 36 * 3600)
        // Made weekly.
        case .snapshotOld: return AlertPolicy(.warning, threshold: 8 * 86_400)
        case .collectorLost: return AlertPolicy(.warning, after: .seconds(10))
        case .stackRefused: return AlertPolicy(.warning, after: .seconds(60), hold: .zero)
        case .ledgerFailing: return AlertPolicy(.critical, hold: .seconds(30))
        case .outboxFilling: return AlertPolicy(.warning, threshold: 0.5, clear: 0.25)
        case .agentMemory:
            return AlertPolicy(.warning, threshold: 64e6, clear: 48e6, after: .seconds(300))
        case .maintenanceOverdue: return AlertPolicy(.warning, hold: .zero)
        case .notifierFailing: return AlertPolicy(.warning, threshold: 3, clear: 1)
        case .rolloutFailed: return AlertPolicy(.critical, hold: .zero)
        case .test: return AlertPolicy(.warning, hold: .zero)
        }
    }
}

/// `x-catalyst.watch`: what is looked at beside the services.
package struct Watch: Equatable, Sendable, Codable {
    /// PEM files whose days left count.
    package var certificates: [String] = []
    /// The public URL, asked without a key: it must answer, and where `frontDoorIsGuarded` with 401.
    package var frontDoor: String?
    package var frontDoorIsGuarded = true
    /// A directory: the age of its newest backup counts.
    package var backups: String?
    /// The file that says when the droplet's last snapshot was taken.
    package var snapshots: String?
    /// Paths whose file systems are measured, beside the agent's own.
    package var disks: [String] = []

    package init() {}
}

/// `x-catalyst.brake`: restarts because of bad health, over the whole stack.
package struct BrakePolicy: Equatable, Sendable, Codable {
    package var restarts: Int = 3
    @Seconds package var window: Duration = .seconds(300)

    package init() {}
}
