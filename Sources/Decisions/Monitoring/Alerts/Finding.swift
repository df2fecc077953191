package import StackModel

/// What a look at the stack says about one rule and one subject.
package struct Finding: Equatable, Sendable {
    package enum Level: Sendable {
        case raised
        /// Neither: what is open stays so, what is not open is not opened.
        case between
        case cleared
        /// Bad through another's fault: what is pending comes to nothing, what fires stays as it is.
        case excused
    }

    package var rule: AlertRule
    package var subject: Subject
    package var level: Level
    /// One line for a person, with numbers; only looked at when raised.
    package var summary: String
    /// The services that suffer from it; only looked at when raised.
    package var blocked: [ServiceName]
    /// Nil: the policy's.
    package var severity: Severity?

    package init(
        _ rule: AlertRule, _ subject: Subject, _ level: Level, _ summary: String = "",
        blocked: [ServiceName] = [], severity: Severity? = nil
    ) {
        self.rule = rule
        self.subject = subject
        self.level = level
        self.summary = summary
        self.blocked = blocked
        self.severity = severity
    }
}
