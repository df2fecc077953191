internal import StackModel

/// Forbids restarting everything at once: when many services are unwell together the cause is seldom
/// in each of them, and restarts take away what still works.
struct Brake: Sendable {
    /// When services were restarted because of bad health, lately.
    private var restarts: [Moment] = []

    /// Takes one restart off what is allowed; or says how long it has to wait.
    mutating func release(at now: Moment, _ policy: BrakePolicy) -> Duration? {
        restarts.removeAll { now - $0 >= policy.window }
        guard restarts.count >= policy.restarts else {
            restarts.append(now)
            return nil
        }
        guard let first = restarts.first else { return policy.window }
        return first + policy.window - now
    }
}

extension Brake {
    /// Whether one more would be released now.
    func allows(at now: Moment, _ policy: BrakePolicy) -> Bool {
        var copy = self
        return copy.release(at: now, policy) == nil
    }
}

extension Stack {
    /// A relative that is being replaced is looked at again after this.
    static let lookAgainAfter = Duration.seconds(1)

    /// Whether `name` may be restarted for its health now: nil; or how long it has to wait.
    mutating func releaseBrake(
        for name: ServiceName, _ now: Moment, _ effects: inout [Effect]
    ) -> Duration? {
        let wait =
            isRelativeBeingReplaced(name) ? Self.lookAgainAfter : brake.release(at: now, spec.brake)
        guard let wait else {
            braked.remove(name)
            return nil
        }
        if braked.insert(name).inserted { effects.append(.braked(name)) }
        return wait
    }

    /// Never two at once of a dependency and its dependent. A dependency that is being replaced is
    /// unwell, so that the blame is its own; this is about dependents.
    private func isRelativeBeingReplaced(_ name: ServiceName) -> Bool {
        members.replaced.contains { $0 != name && needed(by: $0).contains(name) }
    }
}
