internal import StackModel

extension Alert {
    /// One line about this step of its life, the subject's name not repeated. `age`: how long it has
    /// been, or was, true.
    func message(_ kind: AlertEvent.Kind, age: Duration) -> String {
        let lasting = age >= .seconds(30) ? ", for \(humanSpan(age))" : ""
        let listed = blocked.isEmpty ? "" : "; \(sufferers)"
        return switch kind {
        case .fired: summary + lasting + listed
        case .escalated: "worse: \(summary)\(listed)"
        case .reminded: "still\(lasting): \(summary)\(listed)"
        case .resolved: "over after \(humanSpan(age)): \(summary)"
        case .spread: blocked.isEmpty ? "nothing is blocked by it any more" : "now \(sufferers)"
        case .silenced: silence ?? "nobody is told"
        case .acknowledged: "acknowledged by \(acknowledgedBy ?? "somebody")"
        case .test: summary
        }
    }

    private var sufferers: String {
        let named = blocked.prefix(10).map(\.text).joined(separator: ", ")
        let rest = blocked.count > 10 ? " and \(blocked.count - 10) more" : ""
        return "\(blocked.count) blocked by it: \(named)\(rest)"
    }
}
