import Monitoring
import StackModel
import Testing

struct TallyTests {
    /// What the answers, a second apart, make of an instance: a letter for each verdict.
    private func verdicts(_ answers: String, _ change: (inout HealthCheck) -> Void = { _ in })
        -> String
    {
        var rules = HealthCheck(.tcp(host: "h", port: 1))
        rules.retries = 3
        rules.interval = .seconds(1)
        change(&rules)
        var tally = Tally(startedAt: .zero)
        var now = Moment.zero
        var text = ""
        for answer in answers {
            now = now + .seconds(1)
            let outcome: Report.Outcome =
                switch answer {
                case "+": .healthy
                case "~": .degraded("slow")
                case "t", "T", "O": .failed(.timedOut)
                case "?": .unknown("no collector")
                default: .failed(.refused)
                }
            tally.receive(Report(outcome), at: now, rules: rules)
            let blame: Blame =
                switch answer {
                case "b", "T": .blocked
                case "o", "O": .undecided(ask: [])
                default: .own
                }
            tally.decide(blame, rules: rules)
            text += letter(tally)
        }
        return text
    }

    private func letter(_ tally: Tally) -> String {
        switch tally.verdict {
        case .unknown: "?"
        case .healthy: "h"
        case .degraded: "d"
        case .blocked: "b"
        case .unhealthy: tally.isHung ? "H" : "u"
        }
    }

    // `+` healthy, `~` degraded, `-` refused, `t` no answer, `b` refused and `T` no answer while
    // something it needs is bad, `o` and `O` the same while that is not known, `?` no probe.

    @Test func `so many failures in a row make an instance unhealthy`() {
        #expect(verdicts("+--+---") == "hhhhhhu")
        #expect(verdicts("---") == "??u")
        #expect(verdicts("+-") { $0.retries = 1 } == "hu")
    }

    @Test func `so many successes in a row make it healthy again`() {
        #expect(verdicts("---+") == "??uh")
        #expect(verdicts("---+-++") { $0.successes = 2 } == "??uuuuh")
    }

    @Test func `a new instance needs one success only`() {
        #expect(verdicts("+") { $0.successes = 3 } == "h")
    }

    @Test func `failures in the start period do not count, unless it was well before`() {
        #expect(verdicts("------") { $0.startPeriod = .seconds(3) } == "?????u")
        #expect(verdicts("-+---") { $0.startPeriod = .seconds(60) } == "?hhhu")
        #expect(verdicts("bb+b") { $0.startPeriod = .seconds(60) } == "??hb")
    }

    @Test func `until it was well for the first time one failure counts in each interval`() {
        #expect(verdicts("---------") { $0.interval = .seconds(3) } == "????????u")
        #expect(verdicts("---+---") { $0.interval = .seconds(3) } == "???hhhu")
        #expect(
            verdicts("-----") {
                $0.retries = 1; $0.interval = .seconds(4)
            } == "???uu")
    }

    @Test func `an instance is hung when none of its failures was an answer`() {
        #expect(verdicts("+ttt") == "hhhH")
        #expect(verdicts("+t-t") == "hhhu")
        #expect(verdicts("+-ttt") == "hhhuu")
        #expect(verdicts("+-+ttt") == "hhhhhH")
    }

    @Test func `while what it needs is bad a failure is not its own`() {
        #expect(verdicts("+bbbbb") == "hbbbbb")
        #expect(verdicts("+--b--") == "hhhbbb")
        #expect(verdicts("+b---") == "hbbbu")
        #expect(verdicts("+TTTttt") == "hbbbbbH")
        #expect(verdicts("+b+") == "hbh")
        #expect(verdicts("---b") == "??ub")
    }

    @Test func `while it is not known whose fault they are failures are only counted`() {
        #expect(verdicts("+oooo") == "hhhhh")
        #expect(verdicts("+oo-") == "hhhu")
        #expect(verdicts("+ooo+-") == "hhhhhh")
        #expect(verdicts("+ooob--") == "hhhhbbb")
        #expect(verdicts("+OOOt") == "hhhhH")
        #expect(verdicts("---o") == "??uu")
    }

    @Test func `degraded is well, with a complaint`() {
        #expect(verdicts("~+~") == "dhd")
        var tally = Tally(startedAt: .zero)
        var rules = HealthCheck(.none)
        rules.retries = 1
        tally.receive(Report(.degraded("slow")), at: .zero, rules: rules)
        #expect(tally.complaint == "slow")
        tally.receive(Report(.failed(.refused)), at: .zero, rules: rules)
        tally.decide(.own, rules: rules)
        #expect(tally.complaint == nil)
        #expect(tally.lastFailure == .refused)
        tally.receive(Report(.healthy), at: .zero, rules: rules)
        #expect(tally.lastFailure == nil)
    }

    @Test func `a probe that could not be carried out says nothing`() {
        #expect(verdicts("+????") == "hhhhh")
        #expect(verdicts("+-?-?-") == "hhhhhu")
    }

    @Test func `without an answer for longer than a hang could last nothing is known`() {
        var rules = HealthCheck(.none)
        rules.interval = .seconds(10)
        rules.retries = 3
        rules.timeout = .seconds(5)
        var tally = Tally(startedAt: .zero)
        tally.receive(Report(.healthy), at: .zero, rules: rules)
        tally.receive(Report(.unknown("")), at: .zero + .seconds(30), rules: rules)
        tally.expire(at: .zero + .seconds(35), rules: rules)
        #expect(tally.verdict == .healthy)
        tally.expire(at: .zero + .milliseconds(35_001), rules: rules)
        #expect(tally.verdict == .unknown)
        tally.receive(Report(.failed(.timedOut)), at: .zero + .seconds(36), rules: rules)
        tally.decide(.own, rules: rules)
        #expect(tally.failures == 1)
        #expect(tally.verdict == .unknown)
    }
}
