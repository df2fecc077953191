package import StackModel

/// What may be asked over the control socket: one JSON object a line.
package struct ControlRequest: Codable, Equatable, Sendable {
    package enum Command: String, Codable, CaseIterable, Sendable {
        case status, health, why, events, logs, config, version, limits
        case alerts, metrics, history
        /// What is in force of the services' isolation.
        case isolation
        case up, down, start, stop, restart, reload
        case acknowledge, silence
        case releases, rollouts
        case deploy, rollback
        case cancelRollout = "cancel-rollout"
        case resumeRollout = "resume-rollout"
        case maintenanceStart = "maintenance-start"
        case maintenanceEnd = "maintenance-end"
        /// Raises `count` alerts that mean nothing, to see that alerts arrive.
        case testAlert = "test-alert"
        /// A copy of the ledger in a file, for a backup.
        case snapshot
        /// The agent's program as it is on the disk now takes its place.
        case reexec
        /// Injects `fault` into the one service that is named, and tells how that goes.
        case drill

        /// Whether it changes anything: such a request needs the operator's role.
        package var changes: Bool {
            switch self {
            case .status, .health, .why, .events, .logs, .config, .version, .limits, .alerts,
                .metrics, .history, .isolation, .releases, .rollouts:
                false
            case .up, .down, .start, .stop, .restart, .reload, .acknowledge, .silence,
                .maintenanceStart, .maintenanceEnd, .testAlert, .deploy, .rollback,
                .cancelRollout, .resumeRollout, .snapshot, .reexec, .drill:
                true
            }
        }
    }

    package var command: Command
    /// Empty or absent: all.
    package var services: [ServiceName]?
    /// `events`, `logs`: go on with what comes.
    package var follow: Bool?
    /// `events`, `logs`: nothing older.
    package var since: Timestamp?
    /// `events`, `logs`: at most so many of the last ones, of each service.
    package var tail: Int?
    /// `logs`: only lines that contain this text.
    package var grep: String?
    /// `alerts`: this one, with its life; `acknowledge`, `silence`: this one.
    package var alert: Int64?
    /// `alerts`: the resolved ones too. `deploy`, `rollback`: what has not changed is rolled too.
    package var all: Bool?
    /// `deploy`: a directory, a tarball, or a git repository (a URL or an absolute path); nil: the stack's own
    /// repository. `rollback`: none.
    package var source: String?
    /// `deploy`: the git revision; nil: the repository's HEAD, or a directory as it is.
    package var revision: String?
    /// `deploy`, `rollback`, `restart`, `drill`: say what would be done, and do nothing.
    package var plan: Bool?
    /// `deploy`, `rollback`, `restart`: why it may happen in a freeze window all the same.
    package var overrideFreeze: String?
    /// `rollback`: to this release; nil: to the one before.
    package var release: String?
    /// `rollouts`: this one, and with `follow` until it is over; `cancel-rollout`, `resume-rollout`: this one;
    /// nil: the one under way.
    package var rollout: Int64?
    /// `metrics`: of what; nil: of every service and thing. `silence`: these things, as `services`
    /// are these services.
    package var subjects: [Subject]?
    /// `metrics`: how fine; nil: the finest that covers `since`.
    package var resolution: Resolution?
    /// `silence`, `maintenance-start`: for how many seconds. `silence` 0: no longer.
    package var seconds: Double?
    /// `acknowledge`, `silence`, `maintenance-start`: why, in the asker's words.
    package var reason: String?
    /// `test-alert`: how many, 1 to 10,000.
    package var count: Int?
    /// `test-alert`: with the same batch name, alerts that were raised before are not raised again.
    package var batch: String?
    /// `test-alert`: the number of the first.
    package var first: Int?
    /// `drill`: what is injected.
    package var fault: DrillFault?
    /// Commands that change something: answer when it has come about, with events on the way. Otherwise at once.
    package var wait: Bool?

    package init(
        _ command: Command, services: [ServiceName] = [], follow: Bool? = nil,
        since: Timestamp? = nil, tail: Int? = nil, grep: String? = nil, wait: Bool? = nil
    ) {
        self.command = command
        self.services = services.isEmpty ? nil : services
        self.follow = follow
        self.since = since
        self.tail = tail
        self.grep = grep
        self.wait = wait
    }
}

/// Bounds of this protocol, with their reasons.
package enum ControlLimits {
    /// The longest sensible request names 1,000 services of 64 letters.
    package static let requestBytesMax = 128 << 10
    /// A resolved stack of 1,000 services stays below 4 MiB.
    package static let replyBytesMax = 8 << 20
}
