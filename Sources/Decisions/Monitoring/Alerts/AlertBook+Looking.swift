internal import StackModel

/// What was found, and what the operator did.
extension AlertBook {
    mutating func look(at findings: [Finding], _ now: Now) {
        for key in alerts.keys { alerts[key]?.beginLook() }
        var refused = 0
        for finding in findings where !finding.rule.isOwn {
            if !take(finding, now) { refused += 1 }
        }
        gate.refuse(refused, now, settings)
    }

    /// False: there is no room for it.
    @discardableResult
    mutating func take(_ finding: Finding, _ now: Now) -> Bool {
        let key = AlertKey(family: finding.rule.family, subject: finding.subject)
        let isOpen = alerts[key] != nil
        guard isOpen || finding.level == .raised else { return true }
        let policy = settings.policy(for: finding.rule)
        let severity = finding.severity ?? policy.severity
        if isOpen {
            alerts[key]?.take(finding, severity: severity, at: now.moment)
            return true
        }
        guard policy.isEnabled else { return true }
        guard alerts.count < Limits.alertsMax else { return false }
        alerts[key] = OpenAlert(nextID, finding, severity: severity, at: now)
        nextID += 1
        return true
    }

    /// That a maintenance has not been ended in time is nobody's to find but ours.
    mutating func lookAtMaintenance(_ now: Now) {
        let subject = Subject.thing(.agent)
        guard let maintenance else {
            take(Finding(.maintenanceOverdue, subject, .cleared), now)
            return
        }
        let isOverdue = maintenance.until <= now.time
        take(
            Finding(
                .maintenanceOverdue, subject, isOverdue ? .raised : .between,
                "the maintenance '\(maintenance.reason)' was to end at "
                    + "\(maintenance.until.rfc3339(digits: 0)) and has not been ended"), now)
    }

    mutating func forgetAll(of subject: Subject, _ now: Now) -> [Effect] {
        let keys = alerts.filter { $0.key.subject == subject }
            .sorted { $0.value.alert.id < $1.value.alert.id }.map(\.key)
        return keys.flatMap { key -> [Effect] in
            guard let entry = alerts.removeValue(forKey: key) else { return [] }
            guard entry.alert.state == .firing else {
                return entry.isRemembered ? [.forget(entry.alert.id)] : []
            }
            let alert = entry.alert.resolved(at: now.time)
            return [
                .remember(alert), .keep(.resolved, alert, message: "no longer part of the stack"),
            ]
        }
    }

    mutating func acknowledge(_ id: Int64, by person: String) -> [Effect] {
        guard let key = key(of: id), var alert = alerts[key]?.alert else { return [] }
        alert.acknowledgedBy = person
        alerts[key]?.alert = alert
        return [
            .remember(alert), .keep(.acknowledged, alert, message: "acknowledged by \(person)"),
        ]
    }
}

extension AlertRule {
    /// Not to be found by a look: the book's own to raise, or asked for.
    fileprivate var isOwn: Bool { self == .maintenanceOverdue || self == .test }
}

extension Alert {
    func resolved(at time: Timestamp) -> Alert {
        var alert = self
        alert.state = .resolved
        alert.resolvedAt = time
        return alert
    }
}
