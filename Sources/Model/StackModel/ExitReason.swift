/// How a process ended.
package enum ExitReason: Hashable, Sendable, Codable {
    case exited(code: Int32)
    case signaled(SignalName, coreDumped: Bool)
    /// It could not be started: why, in words.
    case notStarted(String)
    /// Nobody who could tell was watching.
    case unknown

    package var isSuccess: Bool { self == .exited(code: 0) }
}

extension ExitReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exited(let code): "exited with code \(code)"
        case .signaled(let signal, let dumped):
            "was killed by \(signal)\(dumped ? " (core dumped)" : "")"
        case .notStarted(let reason): reason
        case .unknown: "ended, how is unknown"
        }
    }
}
