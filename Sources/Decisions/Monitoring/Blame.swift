package import StackModel

/// Whose fault it is that somebody fails.
package enum Blame: Equatable, Sendable {
    case own
    /// Something that it needs is known to be bad.
    case blocked
    /// Something that it needs may be bad, or may have been: those of `ask` have to be asked, the
    /// others are being watched already.
    case undecided(ask: [Subject])

    /// What is known of something that others need.
    package struct Standing: Equatable, Sendable {
        /// Its last answer was bad.
        package var isSuspect: Bool
        /// When the newest question was asked that it answered well.
        package var lastGood: Moment?
        /// When it last answered well, but late: it may have been bad meanwhile.
        package var lastLate: Moment?
        /// The last question to it could not even be asked: only its schedule tries again.
        package var isMute: Bool

        package init(
            isSuspect: Bool, lastGood: Moment?, lastLate: Moment? = nil, isMute: Bool = false
        ) {
            self.isSuspect = isSuspect
            self.lastGood = lastGood
            self.lastLate = lastLate
            self.isMute = isMute
        }
    }
}

/// Finds out whose fault it is that somebody fails.
///
/// Nobody is convicted for failures that another may have caused: all that it needs must have been
/// well before it was asked for the last time, and after it failed. What hangs together is found out
/// in the order of the probes' intervals, not of cause and effect.
package struct Trial: Equatable, Sendable {
    /// Since when all that it needs is known to be well: asked after it began to fail.
    private var cleared: Moment?
    /// When it was heard that it had failed once too often, asked while all that was so.
    private var charged: Moment?
    /// How often a late answer gave it another chance; whoever is always late must not hold everything
    /// up.
    private var pardons = 0
    private static let pardonsMax = 5
    private var lastLate: Moment?
    /// What it needs was in doubt: when it no longer is, the accused is asked at once.
    private var hadDoubts = false

    package init() {}

    /// It is as good as convicted: what it needs is asked a last time.
    package var isCharged: Bool { charged != nil }

    /// What the accused has done.
    package struct Failures: Equatable, Sendable {
        package var since: Moment
        /// When the question was asked to which it failed just now; nil: something else was heard.
        package var asked: Moment?
        /// Often enough to be unhealthy.
        package var areEnough: Bool
        /// It can be asked once more.
        package var canBeRepeated: Bool

        package init(since: Moment, asked: Moment?, areEnough: Bool, canBeRepeated: Bool) {
            self.since = since
            self.asked = asked
            self.areEnough = areEnough
            self.canBeRepeated = canBeRepeated
        }
    }

    /// `needed` is what can be asked of all that `accused` needs, directly or through others.
    package mutating func decide(
        _ accused: Subject, _ failures: Failures, needed: [Subject: Blame.Standing], now: Moment
    ) -> Blame {
        if needed.isEmpty { return .own }
        if needed.values.contains(where: \.isSuspect) {
            self = Trial()
            hadDoubts = true
            return .undecided(ask: unproven(needed, since: failures.since).ask)
        }
        pardon(for: needed.values.compactMap(\.lastLate).max(), failures)
        if cleared == nil {
            let unproven = unproven(needed, since: failures.since)
            guard unproven.count == 0 else { return .undecided(ask: unproven.ask) }
            cleared = now
            if hadDoubts, failures.canBeRepeated { return .undecided(ask: [accused]) }
        }
        guard failures.areEnough else { return .undecided(ask: []) }
        if charged == nil {
            guard isAfterClearing(failures) else { return .undecided(ask: [accused]) }
            charged = now
        }
        let unproven = unproven(needed, since: charged ?? now)
        guard unproven.count == 0 else { return .undecided(ask: unproven.ask) }
        charged = nil
        return .own
    }

    private mutating func pardon(for late: Moment?, _ failures: Failures) {
        guard let late, late > lastLate ?? failures.since, pardons < Self.pardonsMax else { return }
        lastLate = late
        pardons += 1
        hadDoubts = true
        cleared = nil
        charged = nil
    }

    private func isAfterClearing(_ failures: Failures) -> Bool {
        guard failures.canBeRepeated, let cleared else { return true }
        return failures.asked.map { $0 >= cleared } ?? false
    }

    /// How many have not answered well since `moment`, and who of them is to be asked.
    private func unproven(
        _ needed: [Subject: Blame.Standing], since moment: Moment
    ) -> (count: Int, ask: [Subject]) {
        let open = needed.filter { _, standing in
            !standing.isSuspect && (standing.lastGood.map { $0 < moment } ?? true)
        }
        return (open.count, open.filter { !$0.value.isMute }.keys.sorted())
    }
}
