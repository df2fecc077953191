internal import StackModel

/// What a rule compares its threshold with, for those that have one.
struct AlertLevel {
    enum Unit {
        /// From 0 to 1.
        case share
        case seconds, days
        /// Whole, and at least one.
        case count
        /// A second.
        case rate
        case bytes
    }

    /// Where the levels are that raise it.
    enum Side: String {
        case above, below

        /// Whether what clears at `level` is not raised there.
        func isCleared(at level: Double, threshold: Double) -> Bool {
            self == .above ? level <= threshold : level >= threshold
        }
    }

    /// Said where a level is given to a rule that has none.
    static let none = "cannot be given: it has no level, it holds or it does not"

    var unit: Unit
    var side = Side.above
}

extension AlertRule {
    /// Nil: it holds or it does not.
    var level: AlertLevel? {
        switch self {
        case .serviceMemory, .cpuHigh, .cpuSustained, .memoryHigh, .diskHigh, .inodesHigh,
            .redisMemory, .databaseConnections, .databaseSize, .outboxFilling:
            AlertLevel(unit: .share)
        case .clockJump, .databaseSlow, .backupOld, .snapshotOld: AlertLevel(unit: .seconds)
        case .diskFilling: AlertLevel(unit: .seconds, side: .below)
        case .certificateExpiring: AlertLevel(unit: .days, side: .below)
        case .serviceCrashLooping, .notifierFailing: AlertLevel(unit: .count)
        case .redisEvictions: AlertLevel(unit: .rate)
        case .agentMemory: AlertLevel(unit: .bytes)
        case .serviceDown, .serviceUnhealthy, .serviceOOMKilled, .serviceGaveUp, .brake, .logFlood,
            .redisPersistence, .databaseAway, .databaseNotEncrypted, .frontDoor,
            .collectorLost, .stackRefused, .ledgerFailing, .maintenanceOverdue, .rolloutFailed,
            .test:
            nil
        }
    }
}
