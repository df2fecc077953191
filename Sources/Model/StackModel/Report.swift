/// One answer to one probe.
package struct Report: Equatable, Sendable, Codable {
    package var outcome: Outcome
    @Seconds package var latency: Duration
    /// What was answered, cut to `bodyBytesMax`. Never holds a credential of ours.
    package var body: String?

    package static let bodyBytesMax = 4096

    package init(_ outcome: Outcome, latency: Duration = .zero, body: String? = nil) {
        self.outcome = outcome
        self._latency = Seconds(wrappedValue: latency)
        self.body = body
    }

    package enum Outcome: Equatable, Sendable, Codable {
        case healthy
        /// It works, but says of itself that something is amiss.
        case degraded(String)
        /// It answered, and the answer is bad.
        case failed(Failure)
        /// The probe itself could not be carried out: says nothing about the service.
        case unknown(String)
    }

    package enum Failure: Equatable, Sendable, Codable {
        case refused
        /// Connected or not, no whole answer came within the time limit.
        case timedOut
        case httpStatus(Int)
        case status(String)
        case wrongService(String)
        case wrongSchema(String)
        case wrongVersion(String)
        case stale(seconds: Double)
        case exitCode(Int32)
        /// In words: `connection reset`, `NOAUTH Authentication required` …
        case other(String)
    }
}

extension Report.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused: "connection refused"
        case .timedOut: "no answer in time"
        case .httpStatus(let code): "HTTP status \(code)"
        case .status(let status): "says its status is '\(status)'"
        case .wrongService(let name): "another service answered: '\(name)'"
        case .wrongSchema(let schema): "runs schema '\(schema)'"
        case .wrongVersion(let version): "runs version '\(version)'"
        case .stale(let seconds): "its timestamp is \(Int(seconds)) s off"
        case .exitCode(let code): "exit code \(code)"
        case .other(let words): words
        }
    }
}

/// What the answers so far mean.
package enum Verdict: String, Equatable, Sendable, Codable {
    case unknown, healthy, degraded, unhealthy, blocked
}
