internal import StackModel

/// What has become due: alerts fire, get worse, are reminded of, and end.
extension AlertBook {
    /// Something to tell about an alert, if it is let through.
    private struct Telling {
        let key: AlertKey
        let id: Int64
        let kind: AlertEvent.Kind
        let isUrgent: Bool
    }

    mutating func settle(_ now: Now) -> [Effect] {
        mutes.dropEnded(now)
        var effects: [Effect] = []
        var tellings: [Telling] = []
        let keys = alerts.map { (id: $0.value.alert.id, key: $0.key) }.sorted { $0.id < $1.id }
        for (_, key) in keys {
            // Taken out, so that it is changed where it is.
            guard var entry = alerts.removeValue(forKey: key) else { continue }
            effects += clear(&entry, now)
            guard entry.alert.state != .resolved, !entry.cameToNothing else { continue }
            if let kind = worsen(&entry, now, &effects) {
                let isUrgent = kind != .reminded && entry.alert.severity == .critical
                tellings.append(
                    Telling(key: key, id: entry.alert.id, kind: kind, isUrgent: isUrgent))
            }
            alerts[key] = entry
        }
        // What is critical goes first, so that it is not folded away behind the rest.
        tellings.sort { ($0.isUrgent ? 0 : 1, $0.id) < ($1.isUrgent ? 0 : 1, $1.id) }
        for telling in tellings { effects += tell(telling, now) }
        if let notice = gate.notice(at: now.moment) { effects.append(notice) }
        return effects
    }

    /// What is over.
    private func clear(_ entry: inout OpenAlert, _ now: Now) -> [Effect] {
        entry.dropTroubles { !settings.policy(for: $0).isEnabled }
        guard entry.troubles.isEmpty else {
            entry.clearedAt = nil
            entry.refresh(now)
            return []
        }
        guard entry.alert.state == .firing else {
            return entry.isRemembered ? [.forget(entry.alert.id)] : []
        }
        let clearedAt = entry.clearedAt ?? now.moment
        entry.clearedAt = clearedAt
        let policy = settings.policy(for: entry.alert.rule)
        guard !policy.isEnabled || now.moment - clearedAt >= policy.hold else { return [] }
        entry.alert = entry.alert.resolved(at: now.time)
        let alert = entry.alert
        let message = alert.message(.resolved, age: entry.age(at: clearedAt))
        let news: Effect =
            alert.toldAt == nil
            ? .keep(.resolved, alert, message: message)
            : .announce(.resolved, alert, message: message)
        return [.remember(alert), news]
    }

    /// What is new about it, or due again; what is only kept goes into `effects`.
    private func worsen(
        _ entry: inout OpenAlert, _ now: Now, _ effects: inout [Effect]
    ) -> AlertEvent.Kind? {
        let news = ripen(&entry, now)
        guard entry.alert.state == .firing else {
            if entry.isChanged { effects.append(.remember(entry.alert)) }
            entry.isRemembered = true
            entry.isChanged = false
            return nil
        }
        let mute = mutes.reason(for: entry.alert, now)
        let wasMute = entry.alert.silence != nil
        let isChanged = silence(&entry, mute)
        if let news, mute != nil {
            entry.isOwed = true
            effects += entry.kept(news, now)
            return nil
        }
        let telling = mute == nil ? news ?? due(entry, now) : nil
        if isChanged, !wasMute {
            effects += entry.kept(.silenced, now)
        } else if isChanged, telling == nil {
            effects.append(.remember(entry.alert))
        }
        if news == nil { effects += spread(&entry, now) }
        return telling
    }

    /// What has to be told although nothing is new.
    private func due(_ entry: OpenAlert, _ now: Now) -> AlertEvent.Kind? {
        guard entry.clearedAt == nil else { return nil }
        guard entry.isOwed else {
            return reminderDue(of: entry).map { $0 <= now.moment } == true ? .reminded : nil
        }
        guard entry.isCertain else { return nil }
        return entry.alert.toldAt == nil ? .fired : .escalated
    }

    private func ripen(_ entry: inout OpenAlert, _ now: Now) -> AlertEvent.Kind? {
        guard entry.isCertain, let ripe = entry.ripe(at: now.moment, settings) else { return nil }
        switch entry.alert.state {
        case .resolved: return nil
        case .pending:
            entry.alert.state = .firing
            entry.alert.firedAt = now.time
            entry.alert.rule = ripe.rule
            entry.alert.severity = ripe.severity
            entry.showBlocked(now)
            entry.toldAt = now.moment
            return .fired
        case .firing:
            guard ripe.rule.rank > entry.alert.rule.rank || ripe.severity > entry.alert.severity
            else { return nil }
            if ripe.rule.rank > entry.alert.rule.rank { entry.alert.rule = ripe.rule }
            entry.alert.severity = max(ripe.severity, entry.alert.severity)
            entry.showBlocked(now)
            return .escalated
        }
    }

    /// Whether that changed anything.
    private func silence(_ entry: inout OpenAlert, _ mute: String?) -> Bool {
        guard entry.alert.silence != mute else { return false }
        // Whether it has to be told is not known before it is confirmed; nor must a restart forget it.
        if mute == nil, entry.isOwed, !entry.isCertain || entry.clearedAt != nil { return false }
        entry.alert.silence = mute
        return true
    }

    private func spread(_ entry: inout OpenAlert, _ now: Now) -> [Effect] {
        guard isSpreading(entry), entry.spreadDue <= now.moment else { return [] }
        entry.showBlocked(now)
        return entry.kept(.spread, now)
    }

    private mutating func tell(_ telling: Telling, _ now: Now) -> [Effect] {
        guard var entry = alerts.removeValue(forKey: telling.key) else { return [] }
        defer { alerts[telling.key] = entry }
        entry.isOwed = false
        entry.toldAt = now.moment
        let message = entry.alert.message(telling.kind, age: entry.age(at: now.moment))
        if telling.kind == .reminded { entry.alert.remindedAt = now.time }
        guard gate.admits(isUrgent: telling.isUrgent, now, settings) else {
            return [.remember(entry.alert), .keep(telling.kind, entry.alert, message: message)]
        }
        if entry.alert.toldAt == nil { entry.alert.toldAt = now.time }
        return [.remember(entry.alert), .announce(telling.kind, entry.alert, message: message)]
    }

    private func isSpreading(_ entry: OpenAlert) -> Bool {
        entry.alert.state == .firing && entry.clearedAt == nil
            && entry.blocked != entry.alert.blocked
    }

    private func reminderDue(of entry: OpenAlert) -> Moment? {
        guard settings.remindAfter > .zero, entry.alert.acknowledgedBy == nil, !entry.isOwed else {
            return nil
        }
        return entry.toldAt + settings.remindAfter
    }

    /// When something changes by itself.
    func dueNext(after now: Now) -> Moment? {
        let dues = alerts.values.compactMap { due(of: $0, after: now) }
        return (dues + [mutes.due(after: now), gate.due].compactMap(\.self)).min()
    }

    private func due(of entry: OpenAlert, after now: Now) -> Moment? {
        if let clearedAt = entry.clearedAt {
            return clearedAt + settings.policy(for: entry.alert.rule).hold
        }
        var dues = [entry.ripens(after: now.moment, settings)]
        if isSpreading(entry) { dues.append(entry.spreadDue) }
        if entry.alert.state == .firing, mutes.reason(for: entry.alert, now) == nil {
            dues.append(reminderDue(of: entry))
        }
        return dues.compactMap(\.self).min()
    }
}

extension OpenAlert {
    fileprivate var cameToNothing: Bool { alert.state == .pending && troubles.isEmpty }

    fileprivate mutating func showBlocked(_ now: Now) {
        alert.blocked = blocked
        spreadDue = now.moment + AlertBook.Limits.spreadInterval
    }

    /// Remembered, with a step of its life that is not told.
    fileprivate func kept(_ kind: AlertEvent.Kind, _ now: Now) -> [AlertBook.Effect] {
        let message = alert.message(kind, age: age(at: now.moment))
        return [.remember(alert), .keep(kind, alert, message: message)]
    }
}
