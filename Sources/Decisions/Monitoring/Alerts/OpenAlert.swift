internal import StackModel

/// An open alert, with what the book knows beyond what is remembered of it.
struct OpenAlert {
    /// A rule of the alert's family that holds.
    struct Trouble {
        var since: Moment
        var severity: Severity
        var summary: String
        var blocked: [ServiceName]
    }

    var alert: Alert
    /// `Alert.since` on the clock that does not jump.
    private var began: Moment
    private(set) var troubles: [AlertRule: Trouble] = [:]
    /// The last look confirmed it: otherwise it does not get worse.
    private(set) var isCertain = false
    /// Since when none of its rules holds.
    var clearedAt: Moment?
    /// It fired or got worse while nobody was to be told.
    var isOwed = false
    /// What reminders count from.
    var toldAt: Moment
    var spreadDue: Moment
    var isRemembered = false
    /// It is pending, and no longer as it is remembered.
    var isChanged = true

    init(_ id: Int64, _ finding: Finding, severity: Severity, at now: Now) {
        alert = Alert(
            id: id, rule: finding.rule, subject: finding.subject, severity: severity,
            since: now.time, summary: finding.summary)
        began = now.moment
        toldAt = now.moment
        spreadDue = now.moment
        take(finding, severity: severity, at: now.moment)
    }

    init(restored alert: Alert, at now: Now, _ settings: AlertSettings) {
        self.alert = alert
        isRemembered = true
        isChanged = false
        isOwed = alert.state == .firing && alert.toldAt == nil && alert.silence != nil
        spreadDue = now.moment + AlertBook.Limits.spreadInterval
        let told = alert.remindedAt ?? alert.toldAt ?? alert.firedAt ?? alert.since
        let quiet = min(settings.remindAfter, AlertBook.Limits.quietStart)
        let elapsed = min(max(.zero, now.time - told), settings.remindAfter - quiet)
        toldAt = now.moment - elapsed
        began = now.moment - max(.zero, now.time - alert.since)
        troubles[alert.rule] = Trouble(
            since: began, severity: alert.severity, summary: alert.summary,
            blocked: alert.blocked)
    }

    /// How long it has been true.
    func age(at now: Moment) -> Duration { now - began }

    mutating func beginLook() { isCertain = false }

    mutating func take(_ finding: Finding, severity: Severity, at now: Moment) {
        switch finding.level {
        case .raised:
            isCertain = true
            let since = troubles[finding.rule]?.since ?? now
            troubles[finding.rule] = Trouble(
                since: since, severity: severity, summary: finding.summary,
                blocked: finding.blocked.sorted())
        case .between:
            if troubles[finding.rule] != nil { isCertain = true }
        case .cleared:
            troubles[finding.rule] = nil
        case .excused:
            if alert.state == .pending { troubles[finding.rule] = nil }
        }
    }

    mutating func dropTroubles(where isOver: (AlertRule) -> Bool) {
        for rule in troubles.keys where isOver(rule) { troubles[rule] = nil }
    }

    /// Shows what holds now: of what fires the worst, of what is pending the oldest, for whose time
    /// `Alert.since` stands, by the clock as it goes now.
    mutating func refresh(_ now: Now) {
        if let worst { alert.summary = worst.value.summary }
        guard alert.state == .pending, let oldest else { return }
        began = oldest.value.since
        let since = now.time - (now.moment - oldest.value.since)
        let shift = since - alert.since
        let isShifted = shift >= .seconds(1) || shift <= .seconds(-1)
        guard isShifted || alert.rule != oldest.key else { return }
        alert.rule = oldest.key
        alert.severity = oldest.value.severity
        alert.since = since
        isChanged = true
    }

    /// Who suffers from it by the last look; `alert` has who was told.
    var blocked: [ServiceName] { worst?.value.blocked ?? alert.blocked }

    private var worst: (key: AlertRule, value: Trouble)? {
        troubles.max { $0.key.rank < $1.key.rank }
    }
    private var oldest: (key: AlertRule, value: Trouble)? {
        troubles.min { ($0.value.since, $1.key.rank) < ($1.value.since, $0.key.rank) }
    }

    /// The worst rule and severity that have held for long enough.
    func ripe(at now: Moment, _ settings: AlertSettings) -> (rule: AlertRule, severity: Severity)? {
        var ripe: (rule: AlertRule, severity: Severity)?
        for (rule, trouble) in troubles
        where now - trouble.since >= settings.policy(for: rule).after {
            let worst = ripe ?? (rule, trouble.severity)
            ripe = (
                worst.rule.rank < rule.rank ? rule : worst.rule,
                max(worst.severity, trouble.severity)
            )
        }
        return ripe
    }

    /// When a rule will have held for long enough.
    func ripens(after now: Moment, _ settings: AlertSettings) -> Moment? {
        guard isCertain else { return nil }
        var first: Moment?
        for (rule, trouble) in troubles {
            let ripe = trouble.since + settings.policy(for: rule).after
            if ripe > now { first = min(first ?? ripe, ripe) }
        }
        return first
    }
}

extension Moment {
    static func - (moment: Moment, delay: Duration) -> Moment {
        let (difference, overflow) = moment.nanoseconds.subtractingReportingOverflow(
            delay.nanoseconds)
        return Moment(nanoseconds: overflow ? .min : difference)
    }
}

extension AlertRule {
    /// Within its family: what is greater is worse.
    var rank: Int {
        switch self {
        case .serviceDown: 1
        case .serviceUnhealthy: 2
        case .serviceCrashLooping: 3
        case .serviceOOMKilled: 4
        case .serviceGaveUp: 5
        default: 0
        }
    }
}
