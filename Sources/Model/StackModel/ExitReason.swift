/// How a process ended.
package enum ExitReason: Hashable, Sendable, Codable {
    case exited(code: Int32)
    case signaled(SignalName, coreDumped: Bool)
    /// The kernel killed it, or a part of it: it was at its limit, or, with none, the host was.
    case outOfMemory(limit: ByteCount?)
    /// It could not be started: why, in words.
    case notStarted(String)
    /// Nobody who could tell was watching.
    case unknown

    package var isSuccess: Bool { self == .exited(code: 0) }

    /// What was too little memory; nil: it was none of that.
    package var shortage: String? {
        guard case .outOfMemory(let limit) = self else { return nil }
        return "out of memory: \(limit.map { "limit \($0.exact)" } ?? "the host had none left")"
    }
}

extension ExitReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exited(let code): "exited with code \(code)"
        case .signaled(let signal, let dumped):
            "was killed by \(signal)\(dumped ? " (core dumped)" : "")"
        case .outOfMemory: "ran \(shortage ?? "")"
        case .notStarted(let reason): reason
        case .unknown: "ended, how is unknown"
        }
    }
}
