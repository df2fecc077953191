package import StackModel

/// One thing for the ledger to remember, or to forget.
package enum LedgerEntry: Sendable {
    /// Also for the database.
    case event(EventRecord)
    /// Takes the place of what is known of that alert.
    case alert(Alert)
    case forgetAlert(Int64)
    /// Also for the database. Its id counts: a second one with the same id is left out. `isTold`: people are to be told
    /// of it, and until `told` it is among what was not.
    case alertEvent(AlertEvent, isTold: Bool = false)
    case told([String])
    /// Those of a minute are also for the database.
    case measurements([Measurement])
    case silence(Silence)
    case removeSilence(Int64)
    /// Nil: it has ended.
    case maintenance(Maintenance?)
    /// Takes the place of what is known of that rollout. Also for the database.
    case rollout(Rollout)
    /// The database has all records up to this one.
    case shipped(through: Int64)
    /// The database will never take these: they leave the outbox, and are counted.
    case refused([Int64])
    /// Whether what comes from now on is also kept for the database.
    case outbox(Switch)

    package enum Switch: Sendable { case on, off }
}

extension LedgerEntry {
    /// How soon it is thrown away when there is no room, soonest first.
    enum Worth: CaseIterable { case measurement, event, alert }

    var worth: Worth {
        switch self {
        case .measurements: .measurement
        case .event: .event
        case .alert, .forgetAlert, .alertEvent, .told, .silence, .removeSilence, .maintenance,
            .rollout, .shipped, .refused, .outbox:
            .alert
        }
    }

    /// What it takes of memory, about.
    var bytes: Int {
        switch self {
        case .measurements(let list):
            list.reduce(64) { $0 + 160 + 40 * ($1.values.count + $1.highs.count) }
        case .event(let event): 160 + event.message.utf8.count
        case .alert(let alert): alert.bytes
        case .alertEvent(let event, _): 160 + event.message.utf8.count + event.alert.bytes
        case .rollout(let rollout): rollout.bytes
        case .refused(let sequences): 64 + 8 * sequences.count
        case .told(let ids): 64 + 48 * ids.count
        case .forgetAlert, .silence, .removeSilence, .maintenance, .shipped, .outbox: 64
        }
    }

    /// What is lost with it.
    var loss: LedgerLoss {
        switch self {
        case .measurements(let list): LedgerLoss(measurements: list.count)
        case .event: LedgerLoss(events: 1)
        case .alertEvent: LedgerLoss(alertEvents: 1)
        case .rollout: LedgerLoss(rollouts: 1)
        case .alert, .forgetAlert, .told, .silence, .removeSilence, .maintenance, .shipped,
            .refused, .outbox:
            LedgerLoss()
        }
    }

    /// Whether it may wait for company: a lost one says nothing that the next does not.
    var isPatient: Bool {
        switch self {
        case .measurements(let list): list.allSatisfy { $0.resolution == .raw }
        case .told: true
        default: false
        }
    }
}

extension Alert {
    fileprivate var bytes: Int {
        let lines = evidence.lines.reduce(0) { $0 + 120 + $1.text.utf8.count }
        let changes = evidence.changes.reduce(0) { $0 + 160 + $1.message.utf8.count }
        return 640 + summary.utf8.count + lines + changes + 40 * evidence.measures.count
    }
}

extension Rollout {
    fileprivate var bytes: Int {
        let lines = failure?.lines.reduce(1024) { $0 + 120 + $1.text.utf8.count } ?? 0
        return 640 + 320 * steps.count + lines + (message?.utf8.count ?? 0)
            + (reason?.utf8.count ?? 0)
    }
}
