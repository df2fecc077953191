package import StackModel

/// What may be asked over the control socket: one JSON object a line.
package struct ControlRequest: Codable, Equatable, Sendable {
    package enum Command: String, Codable, CaseIterable, Sendable {
        case status, health, why, events, logs, config, version, limits
        case up, down, start, stop, restart, reload

        /// Whether it changes anything: such a request needs the operator's role.
        package var changes: Bool {
            switch self {
            case .status, .health, .why, .events, .logs, .config, .version, .limits: false
            case .up, .down, .start, .stop, .restart, .reload: true
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
