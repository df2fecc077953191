package import StackModel

/// One alert, as `alerts` lists it.
package struct AlertReply: Codable, Equatable, Sendable {
    package var alert: Alert
    /// Its life so far, oldest first; only where one alert was asked for.
    package var events: [AlertEvent]

    package init(_ alert: Alert, events: [AlertEvent] = []) {
        self.alert = alert
        self.events = events
    }
}

/// What was measured of one subject: the answer to `metrics`.
package struct Series: Codable, Equatable, Sendable {
    package var subject: Subject
    package var resolution: Resolution
    /// Oldest first.
    package var points: [Measurement]

    package init(subject: Subject, resolution: Resolution, points: [Measurement]) {
        self.subject = subject
        self.resolution = resolution
        self.points = points
    }
}

/// Whether an agent's own affairs are in order: what `status` shows beside the services.
package struct HostStatus: Codable, Equatable, Sendable {
    /// The newest readings of the host, the disk, the database …
    package var readings: [Subject: Reading]
    /// Open alerts, the worst first, without their evidence.
    package var alerts: [Alert]
    package var maintenance: Maintenance?
    /// Where `/metrics` is; nil: nowhere.
    package var metrics: String?
    /// What cannot be measured or enforced here, in words.
    package var limitations: [String]
    package var outbox: OutboxStatus?
    /// The one under way, or paused.
    package var rollout: Rollout?

    package init() {
        readings = [:]
        alerts = []
        limitations = []
    }
}

/// How the copy in the database fares.
package struct OutboxStatus: Codable, Equatable, Sendable {
    package var waiting: Int
    /// Thrown away because the outbox was full, since it was made.
    package var dropped: Int
    package var lastShipped: Timestamp?
    /// Why it does not get on, in words; nil: it does.
    package var problem: String?

    package init(waiting: Int, dropped: Int) {
        self.waiting = waiting
        self.dropped = dropped
    }
}

/// A service's past: the answer to `history`.
package struct ServiceHistory: Codable, Equatable, Sendable {
    package var service: ServiceName
    package var availability: Availability
    /// One for each day, oldest first.
    package var days: [Day]

    package struct Day: Codable, Equatable, Sendable {
        /// Its beginning, UTC.
        package var time: Timestamp
        package var availability: Availability.Share?
        package var restarts: Int
        package var alerts: Int

        package init(
            time: Timestamp, availability: Availability.Share?, restarts: Int, alerts: Int
        ) {
            self.time = time
            self.availability = availability
            self.restarts = restarts
            self.alerts = alerts
        }
    }

    package init(service: ServiceName, availability: Availability, days: [Day]) {
        self.service = service
        self.availability = availability
        self.days = days
    }
}
