import Monitoring
import StackModel
import Testing

/// What the answers of several mean together. `news` needs `redis`, and what it needs is asked every
/// 10 s, three failures are too many.
struct HealthBoardTests {
    private var board = HealthBoard()
    private let rules: HealthCheck = {
        var rules = HealthCheck(.tcp(host: "h", port: 1))
        rules.interval = .seconds(10)
        rules.timeout = .seconds(4)
        return rules
    }()

    init() {
        for subject: Subject in ["redis", "news", "@postgres"] {
            board.began(subject, rules: rules, now: .zero)
        }
        _ = hear(.healthy, from: "redis", at: 1)
        _ = hear(.healthy, from: "news", at: 1)
        _ = hear(.healthy, from: "@postgres", at: 1)
    }

    private func surroundings(_ second: Double, isBlocked: Bool) -> HealthBoard.Surroundings {
        HealthBoard.Surroundings(
            now: .zero + .seconds(second), needed: { $0 == "news" ? ["redis", "@postgres"] : [] },
            isBlocked: { _ in isBlocked })
    }

    private mutating func hear(
        _ outcome: Report.Outcome, from subject: Subject, at second: Double, asked: Double? = nil,
        isBlocked: Bool = false
    ) -> [HealthBoard.Effect] {
        board.receive(
            Report(outcome), from: subject, asked: .zero + .seconds(asked ?? second),
            in: surroundings(second, isBlocked: isBlocked))
    }

    private mutating func reconsider(at second: Double, isBlocked: Bool = false)
        -> [HealthBoard.Effect]
    {
        board.reconsider(["news"], in: surroundings(second, isBlocked: isBlocked))
    }

    private func judged(
        _ subject: Subject, _ verdict: Verdict, from before: Verdict = .healthy, hung: Bool = false
    ) -> HealthBoard.Effect {
        .judged(subject, verdict, from: before, hung: hung)
    }

    /// Two failures, and all that `news` needs answered well after the first.
    private mutating func failTwice() {
        _ = hear(.failed(.refused), from: "news", at: 10)
        _ = hear(.healthy, from: "redis", at: 11)
        _ = hear(.healthy, from: "@postgres", at: 11)
        _ = reconsider(at: 11)
        _ = hear(.failed(.refused), from: "news", at: 20)
    }

    @Test mutating func `a failure makes it ask those that may be why`() {
        #expect(
            hear(.failed(.refused), from: "news", at: 10) == [
                judged("news", .healthy), .ask("@postgres"), .ask("redis"),
            ])
    }

    @Test mutating func `who fails while all that it needs is well is unhealthy`() {
        failTwice()
        #expect(
            hear(.failed(.refused), from: "news", at: 30) == [
                judged("news", .healthy), .ask("@postgres"), .ask("redis"),
            ])
        _ = hear(.healthy, from: "redis", at: 31)
        #expect(reconsider(at: 31) == [.ask("@postgres")])
        _ = hear(.healthy, from: "@postgres", at: 32)
        #expect(reconsider(at: 32) == [judged("news", .unhealthy)])
    }

    @Test mutating func `while what it needs is suspect nothing is decided`() {
        failTwice()
        _ = hear(.failed(.timedOut), from: "redis", at: 24, asked: 20)
        #expect(hear(.failed(.refused), from: "news", at: 30) == [judged("news", .healthy)])
        #expect(board.awaitsBlame("news"))
        #expect(reconsider(at: 40, isBlocked: true) == [judged("news", .blocked)])
        #expect(!board.awaitsBlame("news"))
    }

    @Test mutating func `what recovered before it was found out makes nobody else guilty`() {
        failTwice()
        _ = hear(.failed(.timedOut), from: "redis", at: 24, asked: 20)
        _ = hear(.failed(.refused), from: "news", at: 30)
        _ = hear(.healthy, from: "redis", at: 31)
        _ = hear(.healthy, from: "@postgres", at: 31)
        #expect(reconsider(at: 31) == [.ask("news")])
        #expect(hear(.healthy, from: "news", at: 32) == [judged("news", .healthy)])
    }

    @Test mutating func `a failure that the stack can explain is not its own`() {
        #expect(
            hear(.failed(.refused), from: "news", at: 10, isBlocked: true) == [
                judged("news", .blocked)
            ])
    }

    @Test mutating func `who stays unhealthy is told so again only when it is known anew`() {
        failTwice()
        _ = hear(.failed(.refused), from: "news", at: 30)
        _ = hear(.healthy, from: "redis", at: 31)
        _ = hear(.healthy, from: "@postgres", at: 31)
        _ = reconsider(at: 31)
        #expect(
            hear(.failed(.refused), from: "news", at: 40) == [.ask("@postgres"), .ask("redis")])
        _ = hear(.healthy, from: "redis", at: 41)
        _ = hear(.healthy, from: "@postgres", at: 41)
        #expect(reconsider(at: 41) == [judged("news", .unhealthy, from: .unhealthy)])
    }

    @Test mutating func `what cannot be asked is not asked again and again, and convicts nobody`() {
        failTwice()
        _ = hear(.unknown("no collector"), from: "redis", at: 29)
        #expect(
            hear(.failed(.refused), from: "news", at: 30) == [
                judged("news", .healthy), .ask("@postgres"),
            ])
        _ = hear(.healthy, from: "@postgres", at: 31)
        #expect(reconsider(at: 31).isEmpty)
    }

    @Test mutating func `a thing is to blame itself, and a new instance inherits nothing`() {
        for second in [10.0, 20, 30] { _ = hear(.failed(.refused), from: "@postgres", at: second) }
        #expect(board["@postgres"]?.tally.verdict == .unhealthy)
        board.began("@postgres", rules: rules, now: .zero + .seconds(40))
        #expect(board["@postgres"]?.tally.verdict == .unknown)
        board.ended("@postgres")
        #expect(hear(.healthy, from: "@postgres", at: 41).isEmpty)
    }
}
