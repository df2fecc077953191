import Monitoring
import StackModel
import Testing

/// Whose fault it is, question by question.
struct BlameTests {
    private static func second(_ count: Int) -> Moment { .zero + .seconds(count) }

    /// `good`: asked then, it answered well; `late`: then it answered well, but late.
    private static func standing(good: Int? = nil, bad: Bool = false, late: Int? = nil)
        -> Blame.Standing
    {
        Blame.Standing(isSuspect: bad, lastGood: good.map(second), lastLate: late.map(second))
    }

    /// `news`, which fails since second 10, and what is decided at `now`.
    private static func decide(
        _ trial: inout Trial, failed asked: Int? = nil, enough: Bool = true, again: Bool = true,
        _ needed: [Subject: Blame.Standing], at now: Int
    ) -> Blame {
        trial.decide(
            "news",
            Trial.Failures(
                since: second(10), asked: asked.map(second), areEnough: enough,
                canBeRepeated: again),
            needed: needed, now: second(now))
    }

    @Test func `who needs nothing that can be asked is to blame at once`() {
        var trial = Trial()
        #expect(Self.decide(&trial, failed: 9, [:], at: 10) == .own)
    }

    @Test func `what it needs is asked at its first failure, and the suspect is watched`() {
        var trial = Trial()
        let needed: [Subject: Blame.Standing] = [
            "redis": Self.standing(good: 9), "@postgres": Self.standing(),
            "scanner": Self.standing(bad: true),
        ]
        #expect(
            Self.decide(&trial, failed: 9, enough: false, needed, at: 10)
                == .undecided(ask: ["@postgres", "redis"]))
    }

    @Test func `convicted is who fails between two good answers of all that it needs`() {
        var trial = Trial()
        let before: [Subject: Blame.Standing] = ["redis": Self.standing(good: 10)]
        #expect(Self.decide(&trial, enough: false, before, at: 11) == .undecided(ask: []))
        #expect(Self.decide(&trial, failed: 40, before, at: 41) == .undecided(ask: ["redis"]))
        #expect(trial.isCharged)
        #expect(Self.decide(&trial, ["redis": Self.standing(good: 41)], at: 42) == .own)
        #expect(!trial.isCharged)
    }

    @Test func `who was asked before that was known is asked once more`() {
        var trial = Trial()
        let needed: [Subject: Blame.Standing] = ["redis": Self.standing(good: 12)]
        #expect(Self.decide(&trial, needed, at: 13) == .undecided(ask: ["news"]))
        #expect(Self.decide(&trial, failed: 12, needed, at: 14) == .undecided(ask: ["news"]))
        #expect(Self.decide(&trial, failed: 14, needed, at: 15) == .undecided(ask: ["redis"]))
        var silent = Trial()
        #expect(
            Self.decide(&silent, failed: 12, again: false, needed, at: 14)
                == .undecided(ask: ["redis"]))
    }

    @Test func `a bad answer of what it needs begins everything anew`() {
        var trial = Trial()
        let good: [Subject: Blame.Standing] = ["redis": Self.standing(good: 12)]
        _ = Self.decide(&trial, good, at: 12)
        _ = Self.decide(&trial, failed: 14, good, at: 15)
        #expect(trial.isCharged)
        let bad: [Subject: Blame.Standing] = ["redis": Self.standing(good: 12, bad: true)]
        #expect(Self.decide(&trial, bad, at: 16) == .undecided(ask: []))
        #expect(
            Self.decide(&trial, ["redis": Self.standing(good: 20)], at: 21)
                == .undecided(ask: ["news"]))
    }

    @Test func `a late answer does so too, but not for ever`() {
        var trial = Trial()
        var chances = 0
        for second in 20..<40 {
            let needed: [Subject: Blame.Standing] = [
                "redis": Self.standing(good: second, late: second)
            ]
            let blame = Self.decide(&trial, failed: second - 1, needed, at: second)
            if blame == .undecided(ask: ["news"]) { chances += 1 }
        }
        #expect(chances > 0 && chances < 10)
    }
}
