package import StackModel

/// All open alerts as a value: what was found goes in, what to remember and to tell comes out.
///
/// Spans are measured on the monotonic clock: when the wall clock jumps, nothing fires and nothing is
/// resolved. Only what people gave a wall-clock end, silences and maintenance, ends by that.
package struct AlertBook: Sendable {
    package enum Event: Sendable {
        /// One whole look: what it does not mention is unknown, and stays as it is.
        case found([Finding])
        case ticked
        /// It is no longer in the stack.
        case left(Subject)
        case adjusted(AlertSettings)
        case acknowledged(Int64, by: String)
        case silenced(Silence)
        case unsilenced(Int64)
        case maintenanceBegan(Maintenance)
        case maintenanceEnded(by: String)
        /// We restart or deploy these ourselves.
        case operationBegan(Int, services: Set<ServiceName>, words: String)
        case operationEnded(Int)
    }

    package enum Effect: Equatable, Sendable {
        /// Its state changed.
        case remember(Alert)
        /// It was pending, and came to nothing.
        case forget(Int64)
        /// Tell and keep: `fired`, `escalated`, `reminded` and `resolved` only.
        case announce(AlertEvent.Kind, Alert, message: String)
        /// Keep without telling.
        case keep(AlertEvent.Kind, Alert, message: String)
        /// Tell that so many alerts were only kept, because too many came at once.
        case folded(count: Int, since: Timestamp)
    }

    var settings: AlertSettings
    var alerts: [AlertKey: OpenAlert] = [:]
    var mutes: Mutes
    var gate = FloodGate()
    /// Never given to an alert before.
    package internal(set) var nextID: Int64
    /// When something changes by itself: then a `ticked` is due.
    package internal(set) var nextDue: Moment?

    /// The book as a ledger remembers it. Pending time goes on from `Alert.since`; before a look has
    /// confirmed an alert nothing new is told about it.
    package init(
        settings: AlertSettings, open: [Alert] = [], silences: [Silence] = [],
        maintenance: Maintenance? = nil, nextID: Int64 = 1, now: Moment, time: Timestamp
    ) {
        self.settings = settings
        self.nextID = max(nextID, (open.map(\.id).max() ?? 0) + 1)
        mutes = Mutes(silences: silences, maintenance: maintenance)
        let time = Now(moment: now, time: time)
        for alert in open.sorted(by: { $0.id < $1.id }) where alert.state != .resolved {
            guard alerts[alert.key] == nil else { continue }
            alerts[alert.key] = OpenAlert(restored: alert, at: time, settings)
        }
        nextDue = dueNext(after: time)
    }

    /// The worst first; pending ones last.
    package var open: [Alert] {
        alerts.values.map(\.alert).sorted { left, right in
            if left.state != right.state { return left.state == .firing }
            if left.severity != right.severity { return left.severity > right.severity }
            return left.id < right.id
        }
    }

    package var silences: [Silence] { mutes.silences }
    package var maintenance: Maintenance? { mutes.maintenance }

    /// Takes in what happened, and all that has become due.
    package mutating func receive(_ event: Event, now: Moment, time: Timestamp) -> [Effect] {
        let now = Now(moment: now, time: time)
        var effects: [Effect] = []
        switch event {
        case .found(let findings): look(at: findings, now)
        case .ticked: break
        case .left(let subject): effects += forgetAll(of: subject, now)
        case .adjusted(let settings): self.settings = settings
        case .acknowledged(let id, let person): effects += acknowledge(id, by: person)
        case .silenced(let silence): mutes.add(silence)
        case .unsilenced(let id): mutes.removeSilence(id)
        case .maintenanceBegan(let maintenance):
            mutes.setMaintenance(maintenance)
            take(Finding(.maintenanceOverdue, .thing(.agent), .cleared), now)
        case .maintenanceEnded: mutes.setMaintenance(nil)
        case .operationBegan(let id, let services, let words):
            mutes.beginOperation(id, of: services, words)
        case .operationEnded(let id): mutes.endOperation(id, at: now.moment)
        }
        lookAtMaintenance(now)
        effects += settle(now)
        nextDue = dueNext(after: now)
        return effects
    }

    /// What is known about an alert beside its state; comes with all that is remembered of it later.
    package mutating func attach(_ evidence: Evidence, to id: Int64) {
        guard let key = key(of: id) else { return }
        alerts[key]?.alert.evidence = evidence
    }

    func key(of id: Int64) -> AlertKey? { alerts.first { $0.value.alert.id == id }?.key }

    /// Bounds, with their reasons.
    package enum Limits {
        /// Open alerts: twice what 1,000 services can have wrong at once, after blame.
        package static let alertsMax = 2000
        package static let silencesMax = 1000
        package static let operationsMax = 1000
        /// Of what still fires, after an operation of ours: what we stirred up has settled by then.
        package static let operationGrace = Duration.seconds(5)
        /// Between two tellings of who suffers from one alert.
        package static let spreadInterval = Duration.seconds(5)
        /// After a restart nothing is reminded of before this.
        package static let quietStart = Duration.seconds(60)
    }
}

/// The same time on both clocks.
struct Now {
    let moment: Moment
    let time: Timestamp
}
