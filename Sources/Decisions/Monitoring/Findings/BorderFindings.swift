internal import StackModel

/// The rules about what the world sees: certificates and the front door; and about backups.
func borderFindings(_ seen: Observation, _ settings: AlertSettings) -> [Finding] {
    [
        certificateFinding(seen, settings), doorFinding(seen),
        ageFinding(.backupOld, .backup, seen.backup, settings, "backup"),
        ageFinding(.snapshotOld, .snapshot, seen.snapshot, settings, "snapshot of the droplet"),
    ]
    .compactMap(\.self)
}

private func certificateFinding(_ seen: Observation, _ settings: AlertSettings) -> Finding? {
    let subject = Subject.thing(.certificate)
    var known: [CertificateFacts] = []
    var isUnknown = false
    switch seen.certificates {
    case .unwatched: break
    case .unknown: isUnknown = true
    case .seen(let facts): known += facts
    case .away(let words):
        return Finding(.certificateExpiring, subject, .raised, "cannot be read: \(words)")
    }
    switch seen.frontDoor {
    case .unwatched, .away: break
    case .unknown: isUnknown = true
    case .seen(let facts): known += facts.certificate.map { [$0] } ?? []
    }
    let thresholds = Thresholds(.certificateExpiring, settings)
    let found = known.map { $0.finding(at: seen.time, thresholds) }
    if let worst = found.max(by: { $0.urgency < $1.urgency }), worst.level != .cleared {
        return worst
    }
    return isUnknown ? nil : Finding(.certificateExpiring, subject, .cleared)
}

extension Finding {
    fileprivate var urgency: Int {
        severity == .critical ? 3 : level == .raised ? 2 : level == .between ? 1 : 0
    }
}

extension CertificateFacts {
    /// So few days before the end it is critical: somebody has to act today.
    private static let criticalDays = 3.0

    fileprivate func finding(at time: Timestamp, _ thresholds: Thresholds) -> Finding {
        let name = "certificate \(shortName)"
        func finding(_ level: Finding.Level, _ words: String, isCritical: Bool = false) -> Finding {
            Finding(
                .certificateExpiring, .thing(.certificate), level, "\(name) \(words)",
                severity: isCritical ? .critical : nil)
        }
        let left = expires.map { $0 - time }
        let days = left.map { $0.seconds / 86_400 } ?? .infinity
        if let left, left <= .zero {
            return finding(.raised, "expired \(humanSpan(.zero - left)) ago", isCritical: true)
        }
        let level = thresholds.level(below: days)
        if level != .raised, let problem { return finding(.raised, "(\(source)): \(problem)") }
        return finding(
            level, "expires in \(humanSpan(left ?? .zero))",
            isCritical: level == .raised && days < Self.criticalDays)
    }

    /// `example.org` of `CN=example.org,O=…`.
    private var shortName: String {
        let parts = subject.split { $0 == "," || $0 == "/" }.map { part in
            String(part.drop { $0 == " " })
        }
        if let common = parts.first(where: { $0.hasPrefix("CN=") || $0.hasPrefix("CN = ") }) {
            return String(common.drop { $0 != "=" }.dropFirst().drop { $0 == " " })
        }
        return subject.isEmpty ? source : subject
    }
}

private func doorFinding(_ seen: Observation) -> Finding? {
    let subject = Subject.thing(.frontDoor)
    switch seen.frontDoor {
    case .unwatched: return Finding(.frontDoor, subject, .cleared)
    case .unknown: return nil
    case .away(let words):
        return Finding(.frontDoor, subject, .raised, "does not answer: \(words)")
    case .seen(let facts):
        if seen.frontDoorIsGuarded, (200...299).contains(facts.status) {
            return Finding(
                .frontDoor, subject, .raised,
                "is open: HTTP status \(facts.status) without a key, not 401")
        }
        let isRight =
            seen.frontDoorIsGuarded ? facts.status == 401 : (200...399).contains(facts.status)
        return Finding(
            .frontDoor, subject, isRight ? .cleared : .raised,
            "answers HTTP status \(facts.status)"
                + (seen.frontDoorIsGuarded ? " without a key, not 401" : ""))
    }
}

private func ageFinding(
    _ rule: AlertRule, _ thing: Subject.Thing, _ sight: Sight<Duration?>,
    _ settings: AlertSettings, _ name: String
) -> Finding? {
    let subject = Subject.thing(thing)
    switch sight {
    case .unwatched: return Finding(rule, subject, .cleared)
    case .unknown: return nil
    case .away(let words):
        return Finding(rule, subject, .raised, "cannot be looked at: \(words)")
    case .seen(nil): return Finding(rule, subject, .raised, "there is no \(name)")
    case .seen(let age?):
        return Finding(
            rule, subject, Thresholds(rule, settings).level(above: age.seconds),
            "the newest \(name) is \(humanSpan(age)) old")
    }
}
