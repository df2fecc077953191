internal import StackModel

/// Why alerts are not told at the moment: our own operations, maintenance, silences.
struct Mutes {
    private struct Operation {
        var id: Int
        var services: Set<ServiceName>
        var words: String
        var endedAt: Moment?
    }

    /// With the words that alerts carry.
    private var silenced: [(silence: Silence, words: String)] = []
    private(set) var maintenance: Maintenance?
    private var maintenanceWords = ""
    private var operations: [Operation] = []

    init(silences: [Silence], maintenance: Maintenance?) {
        for silence in silences { add(silence) }
        setMaintenance(maintenance)
    }

    var silences: [Silence] { silenced.map(\.silence) }

    /// Why nobody is told about `alert`, in words; nil: they are.
    func reason(for alert: Alert, _ now: Now) -> String? {
        // A rollout that fails is no trouble that was to be expected of it.
        if alert.rule != .rolloutFailed, let name = alert.subject.service,
            let operation = operations.first(where: { $0.services.contains(name) })
        {
            return operation.words
        }
        if let maintenance, now.time < maintenance.until, alert.rule != .maintenanceOverdue {
            return maintenanceWords
        }
        return silenced.first { $0.silence.covers(alert, at: now.time) }?.words
    }

    mutating func add(_ silence: Silence) {
        removeSilence(silence.id)
        let end = silence.until.rfc3339(digits: 0)
        silenced.append((silence, "silenced until \(end): \(silence.reason)"))
        guard silenced.count > AlertBook.Limits.silencesMax,
            let first = silenced.indices.min(by: {
                silenced[$0].silence.until < silenced[$1].silence.until
            })
        else { return }
        silenced.remove(at: first)
    }

    mutating func setMaintenance(_ maintenance: Maintenance?) {
        self.maintenance = maintenance
        maintenanceWords = "maintenance: \(maintenance?.reason ?? "")"
    }

    mutating func removeSilence(_ id: Int64) { silenced.removeAll { $0.silence.id == id } }

    mutating func beginOperation(_ id: Int, of services: Set<ServiceName>, _ words: String) {
        operations.removeAll { $0.id == id }
        operations.append(Operation(id: id, services: services, words: words))
        if operations.count > AlertBook.Limits.operationsMax { operations.removeFirst() }
    }

    mutating func endOperation(_ id: Int, at now: Moment) {
        guard let index = operations.firstIndex(where: { $0.id == id }) else { return }
        operations[index].endedAt = now
    }

    mutating func dropEnded(_ now: Now) {
        silenced.removeAll { $0.silence.until <= now.time }
        operations.removeAll { operation in
            operation.endedAt.map { $0 + AlertBook.Limits.operationGrace <= now.moment } ?? false
        }
    }

    /// When one of them ends by itself.
    func due(after now: Now) -> Moment? {
        var ends = operations.compactMap { operation in
            operation.endedAt.map { $0 + AlertBook.Limits.operationGrace }
        }
        ends += (silenced.map(\.silence.until) + [maintenance?.until].compactMap(\.self))
            .filter { $0 > now.time }.map { now.moment + ($0 - now.time) }
        return ends.min()
    }
}
