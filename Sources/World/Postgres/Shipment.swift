internal import StackModel

/// Records as statements: each inserts what is not there yet, and leaves alone what is.
struct Shipment {
    private(set) var steps: [Step] = []
    private let records: [OutboxRecord]
    /// Which record each step is for.
    private var places: [Int?] = []

    init(_ records: [OutboxRecord], of host: HostIdentity) throws(ShipFailure) {
        self.records = records
        var latest: [Int64: (place: Int, event: AlertEvent)] = [:]
        var latestRollouts: [Int64: Int] = [:]
        for (place, record) in records.enumerated() {
            if case .rollout(let rollout) = record.content { latestRollouts[rollout.id] = place }
        }
        for (place, record) in records.enumerated() {
            if case .alert(let event) = record.content {
                latest[event.alert.id] = (place, event)
            }
            if case .rollout(let rollout) = record.content, latestRollouts[rollout.id] != place {
                continue
            }
            add(try insertion(of: record, ledger: host.ledger), for: place)
        }
        for (place, event) in latest.values.sorted(by: { $0.place < $1.place }) {
            let sequence = records[place].sequence
            add(state(after: event, ledger: host.ledger, sequence: sequence), for: place)
        }
        add(heartbeat(of: host, sequence: records.map(\.sequence).max() ?? 0), for: nil)
    }

    func record(ofStep step: Int) -> OutboxRecord? {
        guard places.indices.contains(step) else { return nil }
        return places[step].map { records[$0] }
    }

    private mutating func add(_ step: Step, for place: Int?) {
        steps.append(step)
        places.append(place)
    }
}

extension Shipment {
    /// Up to the first record. First of all come the server's own limits for the transaction, so
    /// that nothing of it outlives our patience: to prepare a statement can take long, too.
    static func beginning(isNew: Bool, by deadline: ContinuousClock.Instant) -> [Step] {
        let all = max(1, deadline.millisecondsLeft)
        let lock = min(all, Int64(ShipperLimits.lockMilliseconds))
        let limits = Step.execute("catalyst_limits", [all, lock, all].map { "\($0)" })
        return isNew
            ? [.run("BEGIN"), preparationOfLimits, limits] + preparations : [.run("BEGIN"), limits]
    }

    private static let preparationOfLimits = Step.prepare(
        "catalyst_limits",
        """
        SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
            set_config('idle_in_transaction_session_timeout', $3, true),
            CASE WHEN current_setting('synchronous_commit') = 'off'
                THEN set_config('synchronous_commit', 'on', true) END
        """)

    private static let preparations: [Step] = [
        .prepare(
            "catalyst_alert_event",
            """
            INSERT INTO ops.alert_events (id, ledger, sequence, alert_id, kind, time, message,
                rule, subject, severity, alert)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING
            """),
        .prepare(
            "catalyst_alert",
            """
            INSERT INTO ops.alerts AS known (ledger, alert_id, rule, subject, severity, state,
                since, fired_at, resolved_at, summary, blocked, acknowledged_by, silence,
                sequence, changed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (ledger, alert_id) DO UPDATE SET (rule, subject, severity, state,
                since, fired_at, resolved_at, summary, blocked, acknowledged_by, silence,
                sequence, changed_at) = ROW (excluded.rule, excluded.subject, excluded.severity,
                excluded.state, excluded.since, excluded.fired_at, excluded.resolved_at,
                excluded.summary, excluded.blocked, excluded.acknowledged_by, excluded.silence,
                excluded.sequence, excluded.changed_at)
            WHERE known.sequence < excluded.sequence
            """),
        .prepare(
            "catalyst_service_event",
            """
            INSERT INTO ops.service_events (ledger, sequence, time, service, kind, priority,
                message)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """),
        .prepare(
            "catalyst_sample",
            """
            INSERT INTO ops.samples (ledger, subject, time, measures, highs)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
            """),
        .prepare(
            "catalyst_rollout",
            """
            INSERT INTO ops.rollouts AS known (ledger, rollout_id, kind, state, release,
                previous_release, asked_by, reason, started_at, finished_at, message, services,
                sequence)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            ON CONFLICT (ledger, rollout_id) DO UPDATE SET (kind, state, release,
                previous_release, asked_by, reason, started_at, finished_at, message, services,
                sequence) = ROW (excluded.kind, excluded.state, excluded.release,
                excluded.previous_release, excluded.asked_by, excluded.reason,
                excluded.started_at, excluded.finished_at, excluded.message, excluded.services,
                excluded.sequence)
            WHERE known.sequence < excluded.sequence
            """),
        .prepare(
            "catalyst_heartbeat",
            """
            INSERT INTO ops.hosts AS known (ledger, host_name, stack, agent_version, wanted,
                well, last_sequence, last_seen)
            VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
            ON CONFLICT (ledger) DO UPDATE SET host_name = excluded.host_name,
                stack = excluded.stack, agent_version = excluded.agent_version,
                wanted = excluded.wanted, well = excluded.well, last_seen = clock_timestamp(),
                last_sequence = greatest(known.last_sequence, excluded.last_sequence)
            """),
    ]
}

private func insertion(
    of record: OutboxRecord, ledger: String
) throws(ShipFailure) -> Step {
    switch record.content {
    case .alert(let event):
        return .execute(
            "catalyst_alert_event",
            [
                event.id, ledger, "\(record.sequence)", "\(event.alert.id)", event.kind.rawValue,
                text(event.time), event.message, event.alert.rule.rawValue,
                event.alert.subject.description, event.alert.severity.rawValue,
                try json(event.alert),
            ])
    case .event(let event):
        return .execute(
            "catalyst_service_event",
            [
                ledger, "\(record.sequence)", text(event.time), event.service?.text,
                event.kind.rawValue, "\(event.priority.rawValue)", event.message,
            ])
    case .measurement(let measurement):
        return .execute(
            "catalyst_sample",
            [
                ledger, measurement.subject.description, text(measurement.time),
                json(measurement.values), json(measurement.highs),
            ])
    case .rollout(let rollout):
        return .execute(
            "catalyst_rollout",
            [
                ledger, "\(rollout.id)", rollout.kind.rawValue, rollout.state.rawValue,
                rollout.release, rollout.previousRelease, rollout.askedBy, rollout.reason,
                text(rollout.startedAt), rollout.finishedAt.map(text), rollout.message,
                try json(rollout.steps), "\(record.sequence)",
            ])
    }
}

private func state(after event: AlertEvent, ledger: String, sequence: Int64) -> Step {
    let alert = event.alert
    return .execute(
        "catalyst_alert",
        [
            ledger, "\(alert.id)", alert.rule.rawValue, alert.subject.description,
            alert.severity.rawValue, alert.state.rawValue, text(alert.since),
            alert.firedAt.map(text), alert.resolvedAt.map(text), alert.summary,
            array(alert.blocked.map(\.text)), alert.acknowledgedBy, alert.silence, "\(sequence)",
            text(event.time),
        ])
}

private func heartbeat(of host: HostIdentity, sequence: Int64) -> Step {
    .execute(
        "catalyst_heartbeat",
        [
            host.ledger, host.hostName, host.stack, host.agentVersion, "\(host.wanted)",
            "\(host.well)", "\(sequence)",
        ])
}

/// To the microsecond, as Postgres keeps it.
private func text(_ time: Timestamp) -> String { time.rfc3339(digits: 6) }

/// As Postgres writes arrays.
private func array(_ texts: [String]) -> String {
    let quoted = texts.map { text in
        "\"" + text.flatMap { "\\\"".contains($0) ? ["\\", $0] : [$0] } + "\""
    }
    return "{" + quoted.joined(separator: ",") + "}"
}
