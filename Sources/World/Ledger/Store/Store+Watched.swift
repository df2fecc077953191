internal import StackModel

extension Store {
    func watched(since: Timestamp) throws(LedgerError) -> [ServiceName: Watched] {
        var found: [ServiceName: Watched] = [:]
        for stretch in try stretches(since: since) {
            guard let service = stretch.subject.service else { continue }
            found[service, default: Watched()].add(stretch)
        }
        return found
    }

    func days(since: Timestamp) throws(LedgerError) -> [ServiceName: [ServiceDay]] {
        var days: [ServiceName: [Timestamp: ServiceDay]] = [:]
        func day(_ service: ServiceName, _ time: Timestamp, _ change: (inout ServiceDay) -> Void) {
            let midnight = RollUp.day(of: time)
            change(&days[service, default: [:]][midnight, default: ServiceDay(time: midnight)])
        }
        for stretch in try stretches(since: RollUp.day(of: since)) {
            guard let service = stretch.subject.service else { continue }
            day(service, stretch.time) { day in
                day.watched.add(stretch)
                day.restarts += Int(exactly: (stretch.values[.restarts] ?? 0).rounded()) ?? 0
            }
        }
        let fired = try database.rows(
            "SELECT subject, fired FROM alerts WHERE fired >= ?",
            .integer(RollUp.day(of: since).nanoseconds)
        ) { ($0.text(0), Timestamp(nanoseconds: $0.integer(1))) }
        for (subject, time) in fired where time <= horizon {
            guard let service = Subject(subject)?.service else { continue }
            day(service, time) { $0.alerts += 1 }
        }
        return days.mapValues { $0.values.sorted { $0.time < $1.time } }
    }
}

extension Watched {
    fileprivate mutating func add(_ stretch: Measurement) {
        wanted += Self.stretch(stretch.values[.wanted])
        well += Self.stretch(stretch.values[.well])
    }

    /// At most a day: the coarsest stretch there is.
    private static func stretch(_ seconds: Double?) -> Duration {
        .seconds(min(max(0, seconds ?? 0), 86_400))
    }
}
