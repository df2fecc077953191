internal import StackModel

extension Alert {
    var symbol: String { isOver ? "✓" : severity == .critical ? "✗" : "!" }
    var color: Terminal.Color { isOver ? .green : severity.color }
    var isOver: Bool { state == .resolved }

    /// `#12 critical scanner: gave up after 5 crashes`
    var title: String { "#\(id) \(severity.rawValue) \(subject.words): \(summary)" }

    /// `service-gave-up, since 14:03:09 (3m)`
    func life(now: Timestamp) -> String {
        let begin = since.local(now: now)
        switch state {
        case .pending:
            return "\(rule.rawValue), true since \(begin) (\(humanDuration(now - since))),"
                + " not for long enough to fire"
        case .firing: return "\(rule.rawValue), since \(begin) (\(humanDuration(now - since)))"
        case .resolved:
            guard let resolvedAt else { return "\(rule.rawValue), since \(begin), resolved" }
            return "\(rule.rawValue), from \(begin) to \(resolvedAt.local(now: now))"
                + " (\(humanDuration(resolvedAt - since)))"
        }
    }

    /// Who has seen it, and why nobody is told of it.
    var marks: [String] {
        [acknowledgedBy.map { "acknowledged by \($0)" }, silence.map { "not told: \($0)" }]
            .compactMap { $0 }
    }

    /// `blocks trading, pattern`; nil: nobody suffers from it.
    var blocks: String? {
        blocked.isEmpty ? nil : "blocks " + blocked.map(\.text).joined(separator: ", ")
    }
}

extension Severity {
    var color: Terminal.Color { self == .critical ? .red : .yellow }
}

extension Sequence<Alert> {
    /// What is told before what is not told yet, the worst first; then what is over, latest first.
    func inOrder() -> [Alert] {
        func rank(_ alert: Alert) -> Int {
            switch alert.state {
            case .firing: alert.severity == .critical ? 0 : 1
            case .pending: 2
            case .resolved: 3
            }
        }
        return enumerated().sorted { left, right in
            let ranks = (rank(left.element), rank(right.element))
            if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
            let times = (left.element.resolvedAt, right.element.resolvedAt)
            if let one = times.0, let other = times.1, one != other { return one > other }
            return left.offset < right.offset
        }.map(\.element)
    }

    /// `2 alerts, 1 critical`; nil: none.
    var count: String? {
        let all = Array(self)
        if all.isEmpty { return nil }
        let critical = all.count { $0.severity == .critical }
        return "\(all.count) alert\(all.count == 1 ? "" : "s")"
            + (critical > 0 && critical < all.count ? ", \(critical) critical" : "")
    }
}

extension Maintenance {
    /// `maintenance until 14:30:00 (12m left): new disk`
    func words(now: Timestamp) -> String {
        let time =
            now < until
            ? "maintenance until \(until.local(now: now)) (\(humanWait(until - now)) left)"
            : "maintenance should have ended at \(until.local(now: now))"
        return reason.isEmpty ? time : "\(time): \(reason)"
    }
    func color(now: Timestamp) -> Terminal.Color { now < until ? .yellow : .red }
}
