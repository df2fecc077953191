package import StackModel

/// What the answers of one instance so far mean. A new instance gets a new tally: verdicts are not
/// inherited.
package struct Tally: Equatable, Sendable, Codable {
    package private(set) var verdict = Verdict.unknown
    /// The answers behind `verdict` when it is bad.
    package private(set) var lastFailure: Report.Failure?
    /// What it says is amiss, while it works.
    package private(set) var complaint: String?
    package private(set) var failures = 0
    private var successes = 0
    private var timeouts = 0
    private var hasSucceeded = false
    private var lastAnswer: Moment
    private var lastCounted: Moment?
    private let started: Moment

    package init(startedAt started: Moment) {
        self.started = started
        lastAnswer = started
    }

    /// None of the failures that count was an answer: a stop signal will hardly be heard.
    package var isHung: Bool { failures > 0 && timeouts >= failures }

    /// Since when it fails without a success in between; nil: it does not, or that does not count yet.
    package private(set) var failingSince: Moment?

    /// It fails, and whose fault that is has to be found out before it is unhealthy.
    package var awaitsBlame: Bool { failingSince != nil && verdict != .unhealthy }

    /// There was no answer for longer than a hang could take to be found.
    package func isSilent(at now: Moment, rules: HealthCheck) -> Bool {
        now - lastAnswer > rules.detectionBound
    }

    /// Takes an answer in. Where it is a failure, `decide` has to follow.
    package mutating func receive(_ report: Report, at now: Moment, rules: HealthCheck) {
        switch report.outcome {
        case .unknown:
            return
        case .healthy, .degraded:
            succeed(report.outcome, rules)
        case .failed(let failure):
            fail(failure, at: now, rules)
        }
        lastAnswer = now
    }

    /// Says what the failures so far mean. What is blocked counts its failures from the beginning
    /// when the cause is over.
    package mutating func decide(_ blame: Blame, rules: HealthCheck) {
        guard failingSince != nil else { return }
        switch blame {
        case .blocked:
            verdict = .blocked
            failures = 0
            timeouts = 0
            failingSince = nil
        case .own:
            if failures >= rules.retries { verdict = .unhealthy }
        case .undecided:
            return
        }
        if verdict == .blocked || verdict == .unhealthy { complaint = nil }
    }

    /// Without any answer for longer than a hang could take to be found, nothing is known any more.
    package mutating func expire(at now: Moment, rules: HealthCheck) {
        guard isSilent(at: now, rules: rules), verdict != .unknown else { return }
        verdict = .unknown
        complaint = nil
        failures = 0
        timeouts = 0
        failingSince = nil
    }

    private mutating func succeed(_ outcome: Report.Outcome, _ rules: HealthCheck) {
        failures = 0
        timeouts = 0
        failingSince = nil
        successes += 1
        hasSucceeded = true
        guard verdict != .unhealthy || successes >= rules.successes else { return }
        lastFailure = nil
        if case .degraded(let words) = outcome {
            complaint = words
            verdict = .degraded
        } else {
            complaint = nil
            verdict = .healthy
        }
    }

    private mutating func fail(_ failure: Report.Failure, at now: Moment, _ rules: HealthCheck) {
        lastFailure = failure
        successes = 0
        // The first success ends the start period, as in Compose.
        guard hasSucceeded || now - started >= rules.startPeriod else { return }
        failingSince = failingSince ?? now
        guard isCounted(at: now, rules) else { return }
        lastCounted = now
        failures += 1
        timeouts = failure == .timedOut ? timeouts + 1 : 0
    }

    /// Until it was well for the first time it is asked more often than it may fail: one failure
    /// counts in each interval.
    private func isCounted(at now: Moment, _ rules: HealthCheck) -> Bool {
        hasSucceeded || now - (lastCounted ?? started + rules.startPeriod) >= rules.interval
    }
}
