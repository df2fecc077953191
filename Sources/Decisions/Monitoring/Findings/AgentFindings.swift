internal import StackModel

/// The rules about the agent itself. `maintenance-overdue` is the book's own.
func agentFindings(_ seen: Observation, _ settings: AlertSettings) -> [Finding] {
    let agent = seen.agent
    let subject = Subject.thing(.agent)
    func finding(_ rule: AlertRule, _ level: Finding.Level, _ words: String) -> Finding {
        Finding(rule, subject, level, words)
    }
    func said(_ rule: AlertRule, _ words: String?, _ what: String) -> Finding {
        finding(rule, words == nil ? .cleared : .raised, "\(what): \(words ?? "")")
    }
    var found = [
        said(.collectorLost, agent.collectorLost, "the collector is lost"),
        said(.stackRefused, agent.stackRefused, "the stack file is refused, the old one goes on"),
        said(.ledgerFailing, agent.ledgerFailing, "the ledger does not keep what happens"),
        finding(
            .notifierFailing,
            Thresholds(.notifierFailing, settings).level(atLeast: Double(agent.notifierFailures)),
            "the on_alert command failed \(agent.notifierFailures) times in a row"
                + (agent.notifierProblem.map { ": \($0)" } ?? "")
                + (agent.notifierDropped > 0 ? "; left out: \(agent.notifierDropped) alerts" : "")
        ),
        finding(
            .brake, seen.braked.isEmpty ? .cleared : .raised,
            "too many restarts because of bad health, no more for now: "
                + seen.braked.map(\.text).sorted().joined(separator: ", ")),
    ]
    let share = agent.outboxShare ?? 0
    found.append(
        finding(
            .outboxFilling, Thresholds(.outboxFilling, settings).level(above: share),
            "what waits for the database fills \(humanShare(share)) of its room"
                + (agent.outboxProblem.map { ": \($0)" } ?? "")))
    if let memory = agent.memory {
        found.append(
            finding(
                .agentMemory,
                Thresholds(.agentMemory, settings).level(above: Double(memory.bytes)),
                "uses \(humanBytes(Double(memory.bytes))) of memory"))
    }
    return found + rolloutFindings(seen)
}

/// The newest rollout's failure; whatever an earlier one's was about is cleared by it.
private func rolloutFindings(_ seen: Observation) -> [Finding] {
    let agent = Subject.thing(.agent)
    let subjects = [agent] + seen.services.map { .service($0.name) }
    let failure = seen.agent.rolloutFailure
    // One that is not in the stack, such as a new one that was taken back, could never be cleared.
    let failed = failure.map { subjects.contains($0.subject) ? $0.subject : agent }
    return subjects.map { subject in
        Finding(
            .rolloutFailed, subject, subject == failed ? .raised : .cleared,
            failure.map { "a rollout failed: \($0.words)" } ?? "")
    }
}
