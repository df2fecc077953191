import Monitoring
import StackModel
import Supervision

/// The database that services share, and what the agent's inspector knows of it.
struct SimulatedDatabase {
    enum State {
        case well
        /// It refuses every connection.
        case away
        /// It takes connections and says nothing.
        case hung
    }

    var state = State.well
    let rules: HealthCheck
    /// The question under way or due; a new one makes answers to the old one worthless.
    var question = 0
    var isAsked = false
    var asked = Moment.zero
    /// Nobody answers the question under way before it is well again.
    var isStuck = false
    var badSince: Moment?

    /// What the agent judges the real one by.
    static let usualRules = rules(every: .seconds(10), timeout: .seconds(5))

    static func rules(every interval: Duration, timeout: Duration) -> HealthCheck {
        var rules = HealthCheck(.postgres(url: ""))
        rules.interval = interval
        rules.timeout = timeout
        rules.retries = 2
        return rules
    }
}

extension SimulatedMachine {
    mutating func beginWatchingDatabase() {
        guard stack.spec.database != nil else { return }
        board.began("@postgres", rules: database.rules, now: now)
        askDatabase()
    }

    mutating func askDatabase() {
        database.question += 1
        database.isAsked = true
        database.asked = now
        database.isStuck = database.state == .hung && !isCollectorAway
        let (outcome, latency): (Report.Outcome, Duration) =
            switch database.state {
            case _ where isCollectorAway:
                (.unknown("the collector did not answer"), database.rules.timeout + .seconds(1))
            case .well: (.healthy, questionTime(database.rules))
            case .away: (.failed(.other("connection refused")), .milliseconds(1))
            case .hung: (.failed(.timedOut), database.rules.timeout)
            }
        agenda.add(.databaseAnswer(database.question, outcome), at: now + latency)
    }

    mutating func databaseAnswered(_ outcome: Report.Outcome) throws(Violation) {
        database.isAsked = false
        database.question += 1
        agenda.add(
            .databaseQuestion(database.question), at: database.asked + database.rules.interval)
        try receive(Report(outcome), from: "@postgres", asked: database.asked)
    }

    mutating func databaseBecomes(_ state: SimulatedDatabase.State) {
        database.state = isTroubled ? state : .well
        database.badSince = database.state == .well ? nil : database.badSince ?? now
        remark("the database is \(database.state)")
        guard database.state == .well, database.isAsked, database.isStuck else { return }
        database.question += 1
        agenda.add(.databaseAnswer(database.question, .healthy), at: now + .milliseconds(1))
    }
}
