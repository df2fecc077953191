package import StackModel

/// Whose fault it is that somebody fails.
package enum Blame: Equatable, Sendable {
    case own
    /// Something that it needs is known to be bad.
    case blocked
    /// Something that it needs may be bad: those of `ask` have to be asked, the others are being
    /// watched already.
    case undecided(ask: [Subject])

    /// What is known of something that others need.
    package struct Standing: Equatable, Sendable {
        /// Its last answer was bad.
        package var isSuspect: Bool
        /// When the newest question was asked that it answered well.
        package var lastGood: Moment?

        package init(isSuspect: Bool, lastGood: Moment?) {
            self.isSuspect = isSuspect
            self.lastGood = lastGood
        }
    }

    /// Nobody is convicted before all that they need has been asked since they fail: what hangs
    /// together is found out in the order of the probes' intervals, not of cause and effect.
    ///
    /// `needed` is what can be asked of all that it needs, directly or through others.
    package static func decide(
        failingSince since: Moment, isBlocked: Bool, needed: [Subject: Standing]
    ) -> Blame {
        if isBlocked { return .blocked }
        let open = needed.filter { _, standing in
            standing.isSuspect || standing.lastGood.map { $0 < since } ?? true
        }
        if open.isEmpty { return .own }
        return .undecided(ask: open.filter { !$0.value.isSuspect }.keys.sorted())
    }
}
