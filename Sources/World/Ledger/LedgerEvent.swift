package import StackModel

/// What the ledger tells by itself.
package enum LedgerEvent: Equatable, Sendable {
    /// It can be asked. Told again where another file had to be started: then it holds nothing of what the agent
    /// wrote before, and is to be given again what is open.
    case opened(LedgerContents)
    /// Nothing can be written; said once. What comes is kept in memory, and tried again, until `mended`.
    case failing(String)
    /// All that waited is written. What had to give way was told before.
    case mended
    /// What was at the ledger's place was damaged, and is kept there; a new ledger was started.
    case setAside(path: String, why: String)
    /// So much was thrown away since the last time this was told.
    case dropped(LedgerLoss)
}

/// What the ledger knew when it was opened.
package struct LedgerContents: Equatable, Sendable {
    /// Random, made with the file: see `HostIdentity.ledger`.
    package var identity: String
    package var nextAlertID: Int64
    package var nextEventID: UInt64
    package var nextRolloutID: Int64 = 1
    /// The newest of all, if it was not over when the last agent died.
    package var openRollout: Rollout?
    /// The newest that succeeded or failed.
    package var lastRollout: Rollout?
    /// Pending and firing, in the order of their ids.
    package var openAlerts: [Alert]
    /// Of which people were to be told, oldest first; whether they were is not known.
    package var untold: [AlertEvent] = []
    package var silences: [Silence]
    package var maintenance: Maintenance?
    /// Of the event that was written last.
    package var lastEventTime: Timestamp?
    package var outbox: OutboxCount
}

/// What waits for the database, and what never got there.
package struct OutboxCount: Equatable, Sendable {
    package var records = 0
    package var bytes = 0
    /// Thrown away, for want of room or because the database refused them, since the ledger was made.
    package var dropped = LedgerLoss()
    package var lastShipped: Timestamp?
    /// How much of what it may hold is used, in 0…1.
    package var share = 0.0

    package init() {}
}

/// What was thrown away, by kind.
package struct LedgerLoss: Equatable, Sendable, Codable {
    package var measurements: Int
    package var events: Int
    package var alertEvents: Int
    package var rollouts: Int

    package init(
        measurements: Int = 0, events: Int = 0, alertEvents: Int = 0, rollouts: Int = 0
    ) {
        self.measurements = measurements
        self.events = events
        self.alertEvents = alertEvents
        self.rollouts = rollouts
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        measurements = try values.decode(Int.self, forKey: .measurements)
        events = try values.decode(Int.self, forKey: .events)
        alertEvents = try values.decode(Int.self, forKey: .alertEvents)
        // A ledger of version 1 does not count them.
        rollouts = try values.decodeIfPresent(Int.self, forKey: .rollouts) ?? 0
    }

    package var total: Int { measurements + events + alertEvents + rollouts }

    package static func += (left: inout Self, right: Self) {
        left.measurements += right.measurements
        left.events += right.events
        left.alertEvents += right.alertEvents
        left.rollouts += right.rollouts
    }
}

extension LedgerLoss: CustomStringConvertible {
    /// `3 measurements, 1 event`.
    package var description: String {
        [
            (measurements, "measurement"), (events, "event"), (alertEvents, "alert event"),
            (rollouts, "rollout"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
            .joined(separator: ", ")
    }
}

/// What became of a write.
package enum LedgerReceipt: Equatable, Sendable {
    /// It is on the disk: neither a kill nor a power cut takes it away. `duplicates` of its alert events had been
    /// there before.
    case durable(duplicates: Int)
    /// It is not on the disk, for this reason. Where the ledger is failing it is kept in memory all the same, and
    /// written when that is over.
    case failed(String)
}
