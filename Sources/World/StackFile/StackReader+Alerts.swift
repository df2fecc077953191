internal import StackModel

/// `x-catalyst.alerts`. What the file leaves out stays as it is by default.
extension StackReader {
    func alerts(_ field: Field) -> AlertSettings {
        var settings = AlertSettings()
        guard var section = field.section() else { return settings }
        if let field = section.take("on_alert"), let words = field.command(), !words.isEmpty {
            settings.onAlert = words
            if words.first?.isEmpty ?? true { field.fail("its first word, the program, is empty") }
        }
        settings.onAlertTimeout =
            section.take("on_alert_timeout")?.duration(atLeast: .milliseconds(100))
            ?? settings.onAlertTimeout
        settings.remindAfter =
            section.take("remind_after")?.durationOrOff(atLeast: .seconds(1))
            ?? settings.remindAfter
        if var flood = section.take("flood")?.section() {
            settings.floodMax = flood.take("max")?.whole(1...10_000) ?? settings.floodMax
            settings.floodWindow =
                flood.take("window")?.duration(atLeast: .seconds(1)) ?? settings.floodWindow
            flood.finish()
        }
        if let field = section.take("rules") { settings.rules = rules(field) }
        let advice = "write it below 'rules'"
        section.finish(
            refused: Dictionary(
                AlertRule.allCases.map { ($0.rawValue, advice) }, uniquingKeysWith: { $1 }))
        return settings
    }

    /// Only those that differ from the standard.
    private func rules(_ field: Field) -> [AlertRule: AlertPolicy] {
        guard var section = field.section() else { return [:] }
        var policies: [AlertRule: AlertPolicy] = [:]
        for rule in AlertRule.allCases {
            guard let field = section.take(rule.rawValue) else { continue }
            let policy = policy(field, for: rule)
            if policy != .standard(for: rule) { policies[rule] = policy }
        }
        section.finish()
        return policies
    }

    private func policy(_ field: Field, for rule: AlertRule) -> AlertPolicy {
        var policy = AlertPolicy.standard(for: rule)
        guard field.node.scalar == nil else {
            policy.isEnabled = field.flag() ?? true
            return policy
        }
        guard var section = field.section() else { return policy }
        let severity: Severity? = section.take("severity")?
            .choice("severity", of: ["warning": .warning, "critical": .critical])
        policy.severity = severity ?? policy.severity
        readLevels(&section, of: rule, into: &policy)
        policy.after = section.take("for")?.duration() ?? policy.after
        policy.hold = section.take("hold")?.duration() ?? policy.hold
        section.finish()
        return policy
    }

    private func readLevels(
        _ section: inout Section, of rule: AlertRule, into policy: inout AlertPolicy
    ) {
        let level = rule.level
        var given: Field?
        for key in ["threshold", "above", "below"] {
            guard let field = section.take(key) else { continue }
            if let level, key == "threshold" || key == level.side.rawValue {
                if given != nil { field.fail("says again what its threshold is: write one") }
                given = given ?? field
                policy.threshold = field.level(of: level.unit) ?? policy.threshold
            } else if let level {
                field.fail("write '\(level.side.rawValue)': that is where it is raised")
            } else {
                field.fail(AlertLevel.none)
            }
        }
        let clear = section.take("clear")
        guard let level, let threshold = policy.threshold else {
            clear?.fail(AlertLevel.none)
            return
        }
        if let clear, let value = clear.level(of: level.unit) {
            policy.clear = value
            guard !level.side.isCleared(at: value, threshold: threshold) else { return }
            let side = level.side == .above ? "above" : "below"
            clear.fail("is \(side) the threshold: it could be raised and cleared at once")
        } else if let usual = policy.clear,
            !level.side.isCleared(at: usual, threshold: threshold)
        {
            policy.clear = threshold
        }
    }
}

extension Field {
    /// `off` is zero.
    fileprivate func durationOrOff(atLeast least: Duration) -> Duration? {
        guard let word = node.scalar?.text, ["off", "0", "0s"].contains(word) else {
            return duration(atLeast: least)
        }
        return .zero
    }

    /// In the unit that the rule compares in.
    fileprivate func level(of unit: AlertLevel.Unit) -> Double? {
        switch unit {
        case .share: share()
        case .seconds: duration()?.seconds
        case .days: days()
        case .count: whole(1...1_000_000).map(Double.init)
        case .rate: number(0...1_000_000_000)
        case .bytes: size().map { Double($0.bytes) }
        }
    }

    /// `0.9` or `90%`.
    private func share() -> Double? {
        guard let scalar = scalar(as: "a share") else { return nil }
        let isPercentage = scalar.text.hasSuffix("%")
        let digits = isPercentage ? String(scalar.text.dropLast()) : scalar.text
        let value = decimal(digits).map { isPercentage ? $0 / 100 : $0 }
        if let value, value <= 1 { return value }
        fail("must be a share such as '90%' or '0.9', is \(scalar.quoted)")
        return nil
    }

    /// `14d`, or the number alone.
    private func days() -> Double? {
        guard let scalar = scalar(as: "a number of days") else { return nil }
        return decimal(scalar.text) ?? duration().map { $0.seconds / 86_400 }
    }

    private func decimal(_ text: String) -> Double? {
        let isDecimal = text.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") }
        return isDecimal ? Double(text) : nil
    }
}
