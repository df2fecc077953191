internal import StackModel

/// What would take long to count, kept beside what is counted and written with it.
struct Tallies: Equatable, Codable {
    var nextAlertID: Int64 = 1
    var nextEventID: UInt64 = 1
    var lastEventTime: Int64?
    var events = 0
    var alertEvents = 0
    /// By `Resolution.rawValue`.
    var measurements = [0, 0, 0]
    var outboxRows = 0
    var outboxBytes = 0
    var dropped = LedgerLoss()
    var lastShipped: Int64?

    /// Counting on from them stays within what numbers hold.
    var isPlausible: Bool {
        let lost = [
            dropped.measurements, dropped.events, dropped.alertEvents, dropped.rollouts,
        ]
        let counts = [events, alertEvents, outboxRows, outboxBytes] + measurements + lost
        return measurements.count == 3 && counts.allSatisfy { (0...1 << 62).contains($0) }
            && (1...1 << 62).contains(nextAlertID) && nextEventID <= 1 << 62
    }

    subscript(resolution: Resolution) -> Int {
        get { measurements[Int(resolution.rawValue)] }
        set { measurements[Int(resolution.rawValue)] = newValue }
    }
}
