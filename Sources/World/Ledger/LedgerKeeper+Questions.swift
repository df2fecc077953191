package import StackModel

/// What the ledger can be asked. The answer follows all that was written before the question.
extension LedgerKeeper {
    package typealias Answer<Value> = @Sendable (Result<Value, LedgerError>) -> Void

    /// Open ones first, then resolved ones, newest first.
    package func alerts(_ choice: AlertChoice, _ answer: @escaping Answer<[Alert]>) {
        ask({ store throws(LedgerError) in try store.alerts(choice) }, answer)
    }

    /// One with its life, oldest first; nil: there is none with that id, or no more.
    package func alert(
        _ id: Int64, _ answer: @escaping Answer<(alert: Alert, events: [AlertEvent])?>
    ) {
        ask({ store throws(LedgerError) in try store.alert(id) }, answer)
    }

    /// The newest `tail` of a service, or of all; oldest first.
    package func events(
        of service: ServiceName?, since: Timestamp? = nil, tail: Int,
        _ answer: @escaping Answer<[EventRecord]>
    ) {
        ask(
            { store throws(LedgerError) in
                try store.events(of: service, since: since, tail: tail)
            }, answer)
    }

    /// The newest `limit`, newest first.
    package func rollouts(limit: Int, _ answer: @escaping Answer<[Rollout]>) {
        ask({ store throws(LedgerError) in try store.rollouts(limit: limit) }, answer)
    }

    /// Nil: there is none with that id, or no more.
    package func rollout(_ id: Int64, _ answer: @escaping Answer<Rollout?>) {
        ask({ store throws(LedgerError) in try store.rollout(id) }, answer)
    }

    /// The newest `limit` of a subject, or of all; oldest first.
    package func measurements(
        of subject: Subject?, _ resolution: Resolution, since: Timestamp, limit: Int,
        _ answer: @escaping Answer<[Measurement]>
    ) {
        ask(
            { store throws(LedgerError) in
                try store.measurements(of: subject, resolution, since: since, limit: limit)
            }, answer)
    }

    /// For the availability of each service since then.
    package func watched(
        since: Timestamp, _ answer: @escaping Answer<[ServiceName: Watched]>
    ) {
        ask({ store throws(LedgerError) in try store.watched(since: since) }, answer)
    }

    /// Each service's days, oldest first, from the one that `since` is in.
    package func days(
        since: Timestamp, _ answer: @escaping Answer<[ServiceName: [ServiceDay]]>
    ) {
        ask({ store throws(LedgerError) in try store.days(since: since) }, answer)
    }

    /// What waits for the database, in order: at most `limit` records of together about `bytesMax` in JSON, at least
    /// one where there is any.
    package func outbox(
        after sequence: Int64, limit: Int, bytesMax: Int,
        _ answer: @escaping Answer<[OutboxRecord]>
    ) {
        ask(
            { store throws(LedgerError) in
                try store.outbox(after: sequence, limit: limit, bytesMax: bytesMax)
            }, answer)
    }

    package func outboxCount(_ answer: @escaping Answer<OutboxCount>) {
        ask({ store throws(LedgerError) in store.outboxCount }, answer)
    }

    /// Makes a whole copy of it at `path`, for its owner alone, after removing the copies before it. What is written
    /// meanwhile waits.
    package func snapshot(to path: String, _ answer: @escaping Answer<Void>) {
        ask({ store throws(LedgerError) in try store.snapshot(to: path) }, answer)
    }

    /// On the disk.
    package func sizeBytes(_ answer: @escaping Answer<Int>) {
        ask({ store throws(LedgerError) in try store.sizeBytes() }, answer)
    }
}
