/// A fault that an operator can have injected into a service, or into the agent, to see that it is caught.
package enum DrillFault: String, Sendable, Codable, CaseIterable {
    case crash, hang, agent

    /// What it does to the service.
    package var deed: String {
        switch self {
        case .crash: "its main process is killed (SIGKILL)"
        case .hang: "all its processes are stopped (SIGSTOP), so that nothing answers"
        case .agent: "catalystd itself is killed (SIGKILL)"
        }
    }

    /// What has to come of it.
    package var expectation: String {
        switch self {
        case .crash: "it is started again, and is healthy"
        case .hang: "its probes find it, it is replaced, and is healthy"
        case .agent: "the next agent takes over; every service runs on as the same process"
        }
    }

    /// The longest that it may take, in the words of the stack file.
    package var boundWords: String {
        switch self {
        case .crash: "pause + start"
        case .hang: "interval x retries + timeout, a twentieth of it, pause + start"
        case .agent: "a start of catalystd"
        }
    }
}

/// A drill, as it goes and as it ended. Times are seconds after the fault.
package struct DrillReport: Equatable, Sendable, Codable {
    /// Nil: it is the agent that gets the fault.
    package var service: ServiceName?
    package var fault: DrillFault
    package var askedBy: String
    package var injected: Timestamp
    /// It is to be healthy again after so long.
    @Seconds package var bound: Duration
    /// Of the agent's death: the next one has taken over.
    package var noticedAfter: Double?
    package var healthyAfter: Double?
    /// Probes of the service that were not answered well.
    package var probesFailed = 0
    /// Services that need it, and fared badly meanwhile; of the agent's death: that did not run on.
    package var affected: [ServiceName] = []
    /// The alert that came of it: kept, not told, for a maintenance is under way.
    package var alert: Int64?
    package var alertAfter: Double?
    package var isOver = false
    /// Why it failed; nil: it has passed, if it is over.
    package var failure: String?

    package init(
        service: ServiceName?, fault: DrillFault, askedBy: String, injected: Timestamp,
        bound: Duration
    ) {
        self.service = service
        self.fault = fault
        self.askedBy = askedBy
        self.injected = injected
        self.bound = bound
    }

    package var hasPassed: Bool { isOver && failure == nil }

    /// `crash of news`; `agent`.
    package var title: String { service.map { "\(fault.rawValue) of \($0)" } ?? fault.rawValue }

    /// One line: what came of it.
    package var verdict: String {
        guard isOver else { return "under way" }
        return failure.map { "failed: \($0)" } ?? "passed: recovered within its bound"
    }
}
