internal import StackModel

/// The rules about the database.
func databaseFindings(
    _ sight: Sight<PostgresFacts>, _ settings: AlertSettings, _ host: HostPlan
) -> [Finding] {
    let subject = Subject.thing(.postgres)
    switch sight {
    case .unknown: return []
    case .away(let words):
        return [Finding(.databaseAway, subject, .raised, "is away: \(words)")]
    case .unwatched:
        let rules: [AlertRule] = [
            .databaseAway, .databaseSlow, .databaseConnections, .databaseSize,
            .databaseNotEncrypted,
        ]
        return rules.map { Finding($0, subject, .cleared) }
    case .seen(let facts):
        return [Finding(.databaseAway, subject, .cleared)] + facts.findings(settings, host)
    }
}

extension PostgresFacts {
    fileprivate func findings(_ settings: AlertSettings, _ host: HostPlan) -> [Finding] {
        let subject = Subject.thing(.postgres)
        func finding(_ rule: AlertRule, _ value: Double, _ words: String) -> Finding {
            Finding(rule, subject, Thresholds(rule, settings).level(above: value), words)
        }
        let slowest = max(connectLatency, queryLatency)
        // Some connections of the server's own limit are the provider's.
        let limits = [connectionLimit, host.databaseConnections].filter { $0 > 0 }
        var found = [
            finding(
                .databaseSlow, slowest.seconds,
                "needs \(short(slowest.seconds)) s to "
                    + (connectLatency > queryLatency ? "connect" : "answer")),
            Finding(
                .databaseNotEncrypted, subject,
                wantsEncryption && !isEncrypted ? .raised : .cleared,
                "the connection is not encrypted, though its URL asks for it"),
        ]
        if let limit = limits.min() {
            let share = Double(connections) / Double(limit)
            found.append(
                finding(.databaseConnections, share, "\(connections) of \(limit) connections"))
        }
        let plan = Double(host.databaseSize.bytes)
        if plan > 0 {
            let share = Double(databaseSize) / plan
            found.append(
                finding(
                    .databaseSize, share,
                    "size \(humanShare(share)) of the plan's \(humanBytes(plan))"))
        }
        return found
    }
}
