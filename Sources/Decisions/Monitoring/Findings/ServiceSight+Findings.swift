internal import StackModel

/// The rules about a service.
extension ServiceSight {
    func findings(
        _ settings: AlertSettings, in reading: Reading, unwanted: Set<ServiceName>
    ) -> [Finding] {
        var found = life(settings, unwanted: unwanted)
        found += memory(reading, settings).map { [$0] } ?? []
        let isFlooding = isWanted && (logBytesDropped > 0 || isFloodingItsLog)
        found.append(finding(.logFlood, isFlooding ? .raised : .cleared, logWords))
        return found
    }

    private static let lifeRules: [AlertRule] = [
        .serviceDown, .serviceUnhealthy, .serviceCrashLooping, .serviceOOMKilled, .serviceGaveUp,
    ]

    private func life(_ settings: AlertSettings, unwanted: Set<ServiceName>) -> [Finding] {
        if !isWanted { return Self.lifeRules.map { finding($0, .cleared) } }
        if !causes.isEmpty, !isWell {
            // What the operator stopped has no alert either that could list it.
            let isIntended = causes.allSatisfy { $0.service.map(unwanted.contains) ?? false }
            return Self.lifeRules.map { finding($0, isIntended ? .cleared : .excused) }
        }
        let crashes = Thresholds(.serviceCrashLooping, settings)
            .level(atLeast: Double(crashesInARow))
        return [
            finding(.serviceDown, level(isDown, isOver: isWell), "is down\(exitWords)"),
            finding(
                .serviceUnhealthy, level(verdict == .unhealthy, isOver: isWell),
                "is unhealthy\(problemWords)"),
            finding(
                .serviceCrashLooping, level(crashes == .raised && !isWell, isOver: isWell),
                "crashed \(crashesInARow) times in a row\(exitWords)"),
            finding(
                .serviceOOMKilled, level(outOfMemory != nil, isOver: isWell),
                outOfMemory?.shortage ?? ""),
            finding(
                .serviceGaveUp, level(stage == .failed, isOver: isWell),
                "is given up after \(crashesInARow) crashes in a row\(exitWords)"),
        ]
    }

    private var isDown: Bool {
        switch stage {
        case .down, .waiting, .failed: true
        case .held, .starting, .up, .stopping, .completed: false
        }
    }

    /// What is neither so nor well is on its way, and stays what it was.
    private func level(_ isSo: Bool, isOver: Bool) -> Finding.Level {
        isSo ? .raised : isOver || stage == .completed ? .cleared : .between
    }

    private var exitWords: String {
        let words = [lastExit.map { "\($0)" }, problem].compactMap(\.self)
        return words.isEmpty ? "" : ": \(words.joined(separator: ", "))"
    }
    private var problemWords: String { problem.map { ": \($0)" } ?? "" }

    private func memory(_ reading: Reading, _ settings: AlertSettings) -> Finding? {
        guard isWanted, stage != .down, stage != .failed else {
            return finding(.serviceMemory, .cleared)
        }
        guard let memory = reading[.memory] else { return nil }
        guard let limit = reading[.memoryLimit], limit > 0 else {
            return finding(.serviceMemory, .cleared)
        }
        return finding(
            .serviceMemory,
            Thresholds(.serviceMemory, settings).level(above: memory / limit),
            "memory \(humanShare(memory / limit)) of \(humanBytes(limit))")
    }

    private var logWords: String {
        logBytesDropped > 0
            ? "\(humanBytes(Double(logBytesDropped))) of its output could not be kept"
            : "floods its log: old lines are lost soon"
    }

    private func finding(
        _ rule: AlertRule, _ level: Finding.Level, _ words: @autoclosure () -> String = ""
    ) -> Finding {
        Finding(rule, .service(name), level, level == .raised ? words() : "")
    }
}

/// The rules about a Redis that is a service.
func redisFindings(
    of service: ServiceSight, _ seen: Observation, _ settings: AlertSettings
) -> [Finding] {
    let rules: [AlertRule] = [.redisMemory, .redisEvictions, .redisPersistence]
    let subject = Subject.service(service.name)
    guard service.isWanted else { return rules.map { Finding($0, subject, .cleared) } }
    guard service.isWell, let facts = seen.redis[service.name] else { return [] }
    let share = facts.memoryMax > 0 ? Double(facts.memory) / Double(facts.memoryMax) : 0
    var found = [
        Finding(
            .redisMemory, subject, Thresholds(.redisMemory, settings).level(above: share),
            "memory \(humanShare(share)) of its maxmemory \(humanBytes(Double(facts.memoryMax)))"),
        Finding(
            .redisPersistence, subject, facts.persistenceErrors.isEmpty ? .cleared : .raised,
            "does not save its data: \(facts.persistenceErrors.joined(separator: ", "))"),
    ]
    if let rate = seen.readings[subject]?[.redisEvictions] {
        let level = Thresholds(.redisEvictions, settings).level(above: rate)
        found.append(
            Finding(.redisEvictions, subject, level, "evicts \(short(rate)) keys a second"))
    }
    return found
}
