package import StackModel

/// Finds the services that write so much that their log files hold less than an hour.
package struct FloodWatch: Sendable {
    private var before: [ServiceName: UInt64] = [:]

    package init() {}

    /// Called once a minute with all that each has written so far. A service that was not known before has written
    /// all of it since.
    package mutating func look(
        written: [ServiceName: UInt64], policies: [ServiceName: LogPolicy]
    ) -> Set<ServiceName> {
        defer { before = written }
        return Set(
            policies.filter { name, policy in
                let minute = Double(written[name] ?? 0) - Double(before[name] ?? 0)
                return isFlood(minute, policy)
            }.keys)
    }

    private func isFlood(_ bytesAMinute: Double, _ policy: LogPolicy) -> Bool {
        guard policy.driver != .none, policy.driver != .journald else { return false }
        let room = Double(policy.sizeMax.bytes) * Double(policy.filesMax)
        return bytesAMinute > Self.bytesMin && bytesAMinute * 60 > room
    }

    /// In a minute: less is no flood, however small the files are.
    static let bytesMin = 1e6
}
