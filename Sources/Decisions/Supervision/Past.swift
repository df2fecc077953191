package import StackModel

/// What an agent knew of a service when it ended: the next one goes on from there.
///
/// Its moments are of one boot; beyond it a past means nothing.
package struct Past: Equatable, Sendable, Codable {
    package enum Phase: Equatable, Sendable, Codable {
        /// Nothing runs, and nothing is to be waited for.
        case idle
        case running(isReady: Bool)
        /// Its main process had ended so, or was being ended, and its restart policy had not spoken.
        case ending(ExitReason)
        /// Between a crash and the next start.
        case waiting(until: Moment)
        /// Given up; nil: for good.
        case failed(until: Moment?)
        /// It ran to its end, and its restart policy was content.
        case ended(ExitReason)
    }

    package var phase: Phase
    package var history: History
    package var instances: Int
    package var isHealthy: Bool?

    package init(
        _ phase: Phase, history: History = History(), instances: Int = 1, isHealthy: Bool? = nil
    ) {
        self.phase = phase
        self.history = history
        self.instances = instances
        self.isHealthy = isHealthy
    }

    /// It had an instance.
    package var isAlive: Bool {
        switch phase {
        case .running, .ending: true
        case .idle, .waiting, .failed, .ended: false
        }
    }
}

extension Stack.Member {
    /// `alarm`: when the service's alarm is to ring.
    package func past(alarm: Moment?) -> Past {
        switch state {
        case .down(.stopped), .held:
            Past(.idle, history: state.history, instances: instances)
        case .down(.ended(let reason)): Past(.ended(reason), instances: instances)
        case .starting(let history):
            Past(.running(isReady: false), history: history, instances: instances)
        case .up(let history):
            Past(
                .running(isReady: true), history: history, instances: instances,
                isHealthy: isHealthy)
        case .stopping(.policy(let reason), let history),
            .clearing(_, .policy(let reason), let history):
            Past(.ending(reason), history: history, instances: instances)
        case .stopping, .clearing: Past(.idle, instances: instances)
        case .waiting(let history):
            Past(.waiting(until: alarm ?? .zero), history: history, instances: instances)
        case .failed(let history):
            Past(.failed(until: alarm), history: history, instances: instances)
        }
    }
}

extension Stack {
    /// A wanted service goes on from `past`. `isRunning`: an instance of it was found, and is told by `find`.
    mutating func resume(
        _ name: ServiceName, _ past: Past, isRunning: Bool,
        _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        members[name]?.instances = past.instances
        switch past.phase {
        case .idle:
            hold(name, past.history, surroundings, &effects)
        case .running, .ending:
            guard !isRunning else {
                hold(name, past.history, surroundings, &effects)
                break
            }
            // It went while nobody watched.
            let reason =
                if case .ending(let reason) = past.phase { reason } else { ExitReason.unknown }
            members[name]?.state = .clearing(reason, .policy(reason), past.history)
            step(name, .emptied, surroundings, &effects)
        case .waiting(let until):
            members[name]?.state = .waiting(past.history)
            effects.append(.service(name, .setAlarm(max(.zero, until - surroundings.now))))
        case .failed(let until):
            members[name]?.state = .failed(past.history)
            guard let until else { break }
            effects.append(.service(name, .setAlarm(max(.zero, until - surroundings.now))))
        case .ended(let reason):
            members[name]?.state = .down(.ended(reason))
        }
    }

    private mutating func hold(
        _ name: ServiceName, _ history: History, _ surroundings: Lifecycle.Surroundings,
        _ effects: inout [Effect]
    ) {
        step(name, .startRequested, surroundings, &effects)
        members[name]?.state = .held(history)
    }
}
