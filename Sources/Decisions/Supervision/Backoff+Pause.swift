package import StackModel

/// A service's troubles since it was last well for long.
package struct History: Equatable, Sendable, Codable {
    /// Restarts in a row, without a long healthy life between them.
    package var crashes = 0
    /// When they were decided, newest last; no more than can matter for giving up.
    package var attempts: [Moment] = []
    /// It was given up before: the next end gives it up again, until it has been well for long.
    package var wasGivenUp = false

    package init(crashes: Int = 0, attempts: [Moment] = [], wasGivenUp: Bool = false) {
        self.crashes = crashes
        self.attempts = attempts
        self.wasGivenUp = wasGivenUp
    }

    /// One more restart is due.
    func attempted(at moment: Moment, policy: RestartPolicy) -> History {
        var attempts = attempts
        if policy.attemptsMax != nil { attempts.append(moment) }
        if policy.window > .zero { attempts.removeAll { moment - $0 > policy.window } }
        if let max = policy.attemptsMax {
            attempts.removeFirst(Swift.max(0, attempts.count - max - 1))
        }
        let isExhausted = policy.attemptsMax.map { attempts.count > $0 } ?? false
        return History(
            crashes: crashes + 1, attempts: attempts, wasGivenUp: wasGivenUp || isExhausted)
    }

    /// It has been well for long. What counts for giving up within a window is for the window to
    /// forget.
    func forgiven(by policy: RestartPolicy) -> History {
        History(attempts: policy.window > .zero ? attempts : [])
    }
}

extension Backoff {
    /// How long to wait before the restart that `history` counts as its last.
    ///
    /// The first after a long healthy life is at once: the pause is there for services that keep
    /// crashing.
    func pause(before history: History, chance: Double) -> Duration {
        guard history.crashes > 1 else { return .zero }
        // Doubling by shifting would overflow; past 62 doublings every pause is the longest anyway.
        let doublings = min(history.crashes - 2, 62)
        let factor = Double(UInt64(1) << UInt64(doublings))
        let full = Swift.min(initial.seconds * factor, max.seconds)
        let nanoseconds = full * (1 - jitter * chance) * 1e9
        return .nanoseconds(Int64(exactly: nanoseconds.rounded()) ?? .max)
    }
}

extension RestartPolicy {
    func wantsRestart(after reason: ExitReason) -> Bool {
        switch condition {
        case .never: false
        case .onFailure: !reason.isSuccess
        case .always: true
        }
    }
}
