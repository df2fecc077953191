package import StackModel

/// Which alerts are asked for.
package enum AlertChoice: Equatable, Sendable {
    /// Pending and firing ones.
    case open
    /// Those, and what was resolved since.
    case since(Timestamp)
}

/// How long a service was to run, and how long of that it was well.
package struct Watched: Equatable, Sendable {
    package var wanted: Duration
    package var well: Duration

    package init(wanted: Duration = .zero, well: Duration = .zero) {
        self.wanted = wanted
        self.well = well
    }

    /// Nil: it was not watched while it was to run.
    package var share: Availability.Share? {
        guard wanted > .zero else { return nil }
        return Availability.Share(share: min(well / wanted, 1), watched: wanted)
    }
}

/// One day of a service. Days without a trace are missing.
package struct ServiceDay: Equatable, Sendable {
    /// Its beginning, UTC.
    package var time: Timestamp
    package var watched = Watched()
    package var restarts = 0
    /// That fired on it.
    package var alerts = 0

    init(time: Timestamp) { self.time = time }
}
