internal import StackModel

extension Store {
    func add(_ measurement: Measurement) throws(LedgerError) {
        guard measurement.resolution == .minute else { return try put(measurement) }
        try open(RollUp.hour(of: measurement.time))
        let joined = try joined(measurement)
        try put(joined)
        try addToOutbox(.measurement, MeasureCoding.record(joined))
    }

    /// Oldest first; the newest `limit`. Times that a wrong clock has put into the future are left out.
    func measurements(
        of subject: Subject?, _ resolution: Resolution, since: Timestamp, limit: Int
    ) throws(LedgerError) -> [Measurement] {
        try database.rows(
            """
            SELECT time, subject, measures FROM measurements
            WHERE resolution = ?1 AND time BETWEEN ?2 AND ?3 AND (?4 IS NULL OR subject = ?4)
            ORDER BY time DESC LIMIT ?5
            """,
            .integer(Int64(resolution.rawValue)), .integer(since.nanoseconds),
            .integer(horizon.nanoseconds), .optional(subject?.description),
            .integer(min(max(limit, 0), LedgerLimits.answerRowsMax))
        ) { measurement($0, resolution) }.reversed()
    }

    /// Each stretch of time since then once: as hours, and where those are not there yet, or not wholly wanted, as
    /// minutes.
    func stretches(since: Timestamp) throws(LedgerError) -> [Measurement] {
        let open = try unrolledHours()
        let hour = RollUp.hour(of: since)
        let firstWhole = hour == since ? hour : hour.nextHour
        let whole = try measurements(
            of: nil, .hour, since: firstWhole, limit: LedgerLimits.answerRowsMax)
        var found = whole.filter { !open.contains($0.time) }
        found += try minutes(from: since, to: firstWhole)
        for hour in open where hour >= firstWhole && hour <= horizon {
            found += try minutes(from: hour, to: hour.nextHour)
        }
        return found
    }

    /// Later times come from a clock that was wrong.
    var horizon: Timestamp {
        Timestamp(
            nanoseconds: wallTime().nanoseconds &+ LedgerLimits.clockSlack.nanoseconds)
    }

    /// Minutes of `hour` follow: the hours before it are over, and can be summed up.
    private func open(_ hour: Timestamp) throws(LedgerError) {
        guard hour != self.hour else { return }
        for over in try unrolledHours() where over != hour {
            for (subject, parts) in Dictionary(
                grouping: try minutes(from: over, to: over.nextHour), by: \.subject)
            {
                let sum = RollUp.values(of: parts)
                try put(
                    Measurement(
                        time: over, subject: subject, resolution: .hour, values: sum.values,
                        highs: sum.highs))
            }
            try database.run("DELETE FROM unrolled WHERE hour = ?", .integer(over.nanoseconds))
        }
        try database.run(
            "INSERT OR IGNORE INTO unrolled (hour) VALUES (?)", .integer(hour.nanoseconds))
        self.hour = hour
    }

    /// A restarted agent may tell the rest of a minute whose beginning is there.
    private func joined(_ measurement: Measurement) throws(LedgerError) -> Measurement {
        let end = Timestamp(nanoseconds: measurement.time.nanoseconds &+ 1)
        let there = try minutes(from: measurement.time, to: end, measurement.subject)
        guard !there.isEmpty else { return measurement }
        var joined = measurement
        (joined.values, joined.highs) = RollUp.values(of: there + [measurement])
        return joined
    }

    private func put(_ measurement: Measurement) throws(LedgerError) {
        let resolution = measurement.resolution
        let measures = MeasureCoding.bytes(measurement.values, highs: measurement.highs)
        let keys: [SQLValue] = [
            .integer(Int64(resolution.rawValue)), .integer(measurement.time.nanoseconds),
            .text(measurement.subject.description), .blob(measures),
        ]
        let added = try database.run(
            """
            INSERT OR IGNORE INTO measurements (resolution, time, subject, measures)
            VALUES (?, ?, ?, ?)
            """, with: keys)
        if added == 0 {
            try database.run(
                """
                UPDATE measurements SET measures = ?4
                WHERE resolution = ?1 AND time = ?2 AND subject = ?3
                """, with: keys)
        }
        tallies[resolution] += added
        written.measurements[Int(resolution.rawValue)] += 1
    }

    private func minutes(
        from: Timestamp, to: Timestamp, _ subject: Subject? = nil
    ) throws(LedgerError) -> [Measurement] {
        try database.rows(
            """
            SELECT time, subject, measures FROM measurements
            WHERE resolution = 1 AND time >= ?1 AND time < ?2 AND (?3 IS NULL OR subject = ?3)
            ORDER BY time
            """,
            .integer(from.nanoseconds), .integer(to.nanoseconds), .optional(subject?.description)
        ) { measurement($0, .minute) }
    }

    private func unrolledHours() throws(LedgerError) -> Set<Timestamp> {
        Set(
            try database.rows("SELECT hour FROM unrolled") {
                Timestamp(nanoseconds: $0.integer(0))
            })
    }

    private func measurement(_ row: borrowing SQLRow, _ resolution: Resolution) -> Measurement? {
        guard let subject = Subject(row.text(1)) else { return nil }
        let (values, highs) = MeasureCoding.values(row.blob(2))
        return Measurement(
            time: Timestamp(nanoseconds: row.integer(0)), subject: subject, resolution: resolution,
            values: values, highs: highs)
    }
}

extension Timestamp {
    fileprivate var nextHour: Timestamp { Timestamp(nanoseconds: nanoseconds &+ RollUp.hour) }
}
