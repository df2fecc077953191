package import StackModel

/// One line of an answer; `last` ends it. What was asked decides which other field is set.
package struct ControlReply: Codable, Equatable, Sendable {
    package var last: Bool = false
    package var error: ControlError?
    package var status: StackStatus?
    package var why: Explanation?
    package var event: EventRecord?
    package var log: LogRecord?
    /// The resolved stack, its secrets replaced by `•••`.
    package var config: StackSpec?
    package var version: AgentVersion?
    package var limits: [Limit]?
    package var alert: AlertReply?
    package var series: Series?
    package var history: ServiceHistory?
    /// `isolation`: one line for each service.
    package var isolation: IsolationReport?
    package var maintenance: Maintenance?
    /// A rollout as it is now: one line for each change of it.
    package var rollout: Rollout?
    package var plan: RolloutPlan?
    package var release: ReleaseReply?
    package var drill: DrillReport?
    /// A line that fetching or building a release has printed.
    package var output: String?
    /// `snapshot`: the absolute path of the copy; whoever asked takes it away.
    package var path: String?
    /// What came of a command, for people.
    package var message: String?

    package init() {}
    package static func end(_ message: String? = nil) -> ControlReply {
        var reply = ControlReply()
        reply.last = true
        reply.message = message
        return reply
    }
    package static func failure(_ code: ControlError.Code, _ message: String) -> ControlReply {
        var reply = end()
        reply.error = ControlError(code: code, message: message)
        return reply
    }
}

package struct ControlError: Error, Codable, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Codable, Sendable {
        case badRequest = "bad-request"
        case notAllowed = "not-allowed"
        case unknownService = "unknown-service"
        /// It was tried, and did not come about.
        case failed
        case busy
        case stopping
        case badStack = "bad-stack"
        case unknownAlert = "unknown-alert"
        case unknownRelease = "unknown-release"
        case unknownRollout = "unknown-rollout"
        /// A freeze window is open.
        case frozen
    }
    package var code: Code
    package var message: String
    package var description: String { message }

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}

package struct AgentVersion: Codable, Equatable, Sendable {
    package var version: String
    package var pid: Int32
    package var since: Timestamp
    package init(version: String, pid: Int32, since: Timestamp) {
        self.version = version
        self.pid = pid
        self.since = since
    }
}

/// A release on this machine, as `releases` lists it.
package struct ReleaseReply: Codable, Equatable, Sendable {
    package var release: Release
    /// The symlink `current` leads to it.
    package var isCurrent: Bool
    /// Who runs from it.
    package var services: [ServiceName]

    package init(_ release: Release, isCurrent: Bool, services: [ServiceName]) {
        self.release = release
        self.isCurrent = isCurrent
        self.services = services
    }
}

/// A bound of the agent, with its reason.
package struct Limit: Codable, Equatable, Sendable {
    package var name: String
    package var value: String
    package var reason: String
    package init(_ name: String, _ value: String, _ reason: String) {
        self.name = name
        self.value = value
        self.reason = reason
    }
}
