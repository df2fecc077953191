package import StackModel

/// All that is known at one time: what alerts are found in.
package struct Observation: Sendable {
    package var time: Timestamp
    package var services: [ServiceSight] = []
    /// The newest of each subject; what is too old to be true is left out.
    package var readings: [Subject: Reading] = [:]
    /// Each file system that is watched; empty: only what `readings` has of `@disk`.
    package var disks: [DiskSample] = []
    package var diskForecast = FillRate.Forecast.unknown
    /// Mean of the host's CPU over the last hour; nil: less than that is known.
    package var hourlyCPU: Double?
    /// The furthest that the wall clock jumped lately; nil: unknown.
    package var clockJump: Duration?
    package var redis: [ServiceName: RedisFacts] = [:]
    package var database = Sight<PostgresFacts>.unwatched
    package var certificates = Sight<[CertificateFacts]>.unwatched
    package var frontDoor = Sight<FrontDoorFacts>.unwatched
    package var frontDoorIsGuarded = true
    /// The age of the newest backup; nil in it: there is none.
    package var backup = Sight<Duration?>.unwatched
    /// The age of the droplet's last snapshot, likewise.
    package var snapshot = Sight<Duration?>.unwatched
    /// Services that the brake keeps from a restart.
    package var braked: [ServiceName] = []
    package var agent = AgentSight()

    package init(time: Timestamp) { self.time = time }
}

/// What is known of something that may be watched.
package enum Sight<Facts: Sendable>: Sendable {
    case unwatched
    case unknown
    case seen(Facts)
    /// It does not answer, or badly, in words.
    case away(String)
}

/// A service, as the agent sees it.
package struct ServiceSight: Sendable {
    package var name: ServiceName
    package var isWanted: Bool
    /// Up, and not known to be anything but healthy or degraded.
    package var isWell: Bool
    package var verdict: Verdict
    package var stage: ServiceStage
    /// Whose fault it is that it is not well; empty: its own.
    package var causes: [Subject] = []
    package var crashesInARow = 0
    package var lastExit: ExitReason?
    /// The kernel killed it, or a part of it, for want of memory a moment ago.
    package var outOfMemory: ExitReason?
    /// What is wrong, in words, such as its last bad answer.
    package var problem: String?
    package var logBytesDropped = 0
    /// It writes more than can be kept for long.
    package var isFloodingItsLog = false

    package init(
        _ name: ServiceName, isWanted: Bool = true, stage: ServiceStage = .up,
        verdict: Verdict = .healthy,
        isWell: Bool
    ) {
        self.name = name
        self.isWanted = isWanted
        self.stage = stage
        self.verdict = verdict
        self.isWell = isWell
    }
}

/// What the agent knows of itself. Words: nil is "all right".
package struct AgentSight: Sendable {
    package var collectorLost: String?
    package var stackRefused: String?
    package var ledgerFailing: String?
    /// How full the outbox is, in 0…1; nil: there is none.
    package var outboxShare: Double?
    package var outboxProblem: String?
    package var memory: ByteCount?
    package var notifierFailures = 0
    package var notifierProblem: String?
    /// Alerts that it was never told of, because too many waited.
    package var notifierDropped = 0
    /// Of the newest rollout that is over; nil: it succeeded, or there was none.
    package var rolloutFailure: FailedRollout?

    package init() {}
}

/// A rollout that did not come about.
package struct FailedRollout: Equatable, Sendable {
    /// The service that failed; `@agent` where it was none's fault.
    package var subject: Subject
    package var words: String

    package init(_ subject: Subject, _ words: String) {
        self.subject = subject
        self.words = words
    }
}
