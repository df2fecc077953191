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
                + (agent.notifierProblem.map { ": \($0)" } ?? "")),
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
    return found
}
