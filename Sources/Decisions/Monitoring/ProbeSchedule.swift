package import StackModel

/// When an instance is asked next: often until it is ready, then at a fixed rate that never drifts.
package struct ProbeSchedule: Equatable, Sendable {
    private var lastDue: Moment
    private var isSteady = false

    /// The first probe is due at once.
    package init(startedAt started: Moment) { lastDue = started }

    /// The time of the probe after the one that was due last. `chance` in 0..<1 spreads services
    /// that became ready together; no gap is ever longer than the interval, which bounds the
    /// detection of a hang.
    package mutating func next(
        isReady: Bool, now: Moment, chance: Double, rules: HealthCheck
    ) -> Moment {
        if !isReady {
            isSteady = false
            lastDue = max(now, lastDue + rules.startInterval)
        } else if !isSteady {
            isSteady = true
            lastDue = now + rules.interval * (0.5 + 0.5 * chance)
        } else {
            lastDue = lastDue + rules.interval
            // A slow answer held up probes: one is due at once, the others are left out, and the
            // beat is kept.
            let missed = max(0, (now - lastDue).nanoseconds) / max(1, rules.interval.nanoseconds)
            lastDue = lastDue + .nanoseconds(rules.interval.nanoseconds * missed)
        }
        return max(now, lastDue)
    }
}
