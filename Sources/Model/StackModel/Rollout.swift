/// Instances are changed, one service at a time: a restart, a deploy to another release, a rollback. What the
/// ledger remembers of it, and what the operator sees.
package struct Rollout: Equatable, Sendable, Codable {
    package enum Kind: String, Sendable, Codable { case restart, deploy, rollback }

    package enum State: String, Sendable, Codable {
        /// The release is fetched and built; nothing that runs has been touched.
        case preparing
        case running
        /// Stopped half-way because `failure_action` says so: the operator resumes or cancels it.
        case paused
        /// Going back to what was before.
        case undoing
        case succeeded
        /// It did not come about; each step says what its service runs now.
        case failed
        case cancelled

        package var isOver: Bool {
            switch self {
            case .preparing, .running, .paused, .undoing: false
            case .succeeded, .failed, .cancelled: true
            }
        }
    }

    /// Grows with each rollout of one ledger.
    package var id: Int64
    package var kind: Kind
    package var state: State
    /// Nil: a restart, or something that was not made into a release.
    package var release: String?
    package var previousRelease: String?
    package var askedBy: String
    /// Why a freeze window was overridden, or what the operator gave as reason.
    package var reason: String?
    package var startedAt: Timestamp
    package var finishedAt: Timestamp?
    /// One sentence: how it stands, or how it ended.
    package var message: String?
    /// In the order of rolling.
    package var steps: [RolloutStep] = []
    package var failure: RolloutFailure?
    /// Who wanted it to go back, or to stop; nil: nobody.
    package var cancelledBy: String?

    package init(id: Int64, kind: Kind, state: State, askedBy: String, startedAt: Timestamp) {
        self.id = id
        self.kind = kind
        self.state = state
        self.askedBy = askedBy
        self.startedAt = startedAt
    }
}

/// What becomes of one service in a rollout.
package struct RolloutStep: Equatable, Sendable, Codable {
    /// Why it is part of the rollout.
    package enum Change: String, Sendable, Codable {
        /// The operator asked for it.
        case asked
        /// What it is made of.
        case source
        /// How it is run.
        case definition
        case added, removed
    }

    /// How its instance is replaced.
    package enum Way: String, Sendable, Codable {
        /// The new one proves itself on the real port, seen by probes only, before users reach it.
        case canary
        /// Callers wait in a new socket's queue while the old instance finishes and the new one starts.
        case handOver = "hand-over"
        /// The old one ends, the new one starts.
        case stopFirst = "stop-first"
    }

    package enum Phase: String, Sendable, Codable, CaseIterable {
        case waiting
        /// Its hold command says "not now".
        case held
        /// The new instance starts, …
        case starting
        /// … runs and is asked, while users are served by the old one, …
        case probing
        /// … serves users, and the old one is kept just in case, …
        case soaking
        /// … and the old one finishes what it had begun, and ends.
        case draining
        case done
        /// It failed; what it was before comes back.
        case undoing
        case rolledBack = "rolled-back"
        /// It failed, and what it was before did not come back either, or there was nothing to go back to.
        case failed
        /// The rollout ended before its turn.
        case skipped

        package var isOver: Bool {
            switch self {
            case .done, .rolledBack, .failed, .skipped: true
            case .waiting, .held, .starting, .probing, .soaking, .draining, .undoing: false
            }
        }
    }

    package var service: ServiceName
    package var change: Change
    /// Keys of the definition that differ.
    package var keys: [String] = []
    package var way: Way
    /// Why it is not `canary`, where the service has a socket; in words.
    package var wayReason: String?
    package var phase = Phase.waiting
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// What went wrong, or what it waits for.
    package var problem: String?

    package init(_ service: ServiceName, _ change: Change, _ way: Way) {
        self.service = service
        self.change = change
        self.way = way
    }
}

/// Why a rollout failed, with what was seen.
package struct RolloutFailure: Equatable, Sendable, Codable {
    /// Nil: it failed before any service was touched.
    package var service: ServiceName?
    /// Such as `exited with code 3 while starting`.
    package var reason: String
    package var lastReport: Report?
    /// What the failed instance wrote last, secrets masked.
    package var lines: [LogRecord] = []
    /// What is probably behind it, in words.
    package var likelyCause: String?
    /// What was brought back.
    package var undone: [ServiceName] = []

    package init(service: ServiceName?, reason: String) {
        self.service = service
        self.reason = reason
    }
}

/// What a deploy would do: the answer to `deploy --plan`.
package struct RolloutPlan: Equatable, Sendable, Codable {
    package var kind: Rollout.Kind
    package var release: Release?
    package var previousRelease: String?
    package var steps: [RolloutStep]
    /// These keep their instances: nothing about them changed, or `--only` leaves them out.
    package var unchanged: [ServiceName] = []
    /// Keys of the stack itself that change.
    package var stackKeys: [String] = []
    /// From earlier rollouts of the same services, else from their settings.
    @Seconds package var expected: Duration = .zero
    /// How many steps `expected` had to guess, as they were never rolled before.
    package var guessed = 0
    /// What stands against it now: a freeze window, a hold, too little room; in words.
    package var obstacles: [String] = []

    package init(kind: Rollout.Kind, steps: [RolloutStep]) {
        self.kind = kind
        self.steps = steps
    }
}
