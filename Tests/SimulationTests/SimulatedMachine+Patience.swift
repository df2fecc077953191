import Monitoring
import StackModel
import Supervision

extension SimulatedMachine {
    /// What hangs through its own fault, while all that it needs is well, is replaced in time; the
    /// time starts anew with whatever may hold that up.
    func checkPatience() throws(Violation) {
        for (name, instance) in instances {
            guard let from = instance.truth.foundOutFrom else { continue }
            guard isFoundOut(instance), laws.mayReplace(name, stack, now) else {
                instance.truth.foundOutFrom = now
                continue
            }
            if now > from + limit(of: instance) {
                throw Violation("\(name): hangs through its own fault, and is not replaced")
            }
        }
    }

    private func isFoundOut(_ instance: SimulatedInstance) -> Bool {
        let name = instance.spec.name
        guard let member = stack.members[name], member.isWanted, case .up = member.state,
            member.spec.onUnhealthy == .restart, instance.isProbed, !isCollectorAway,
            instance.behaviour.liesPercent == 0,
            board[.service(name)]?.tally.verdict != .unknown,
            laws.culprit(behind: name, stack) == nil
        else { return false }
        return needs(of: name).allSatisfy(isUndoubted)
    }

    /// It is well, and nobody thinks otherwise.
    private func isUndoubted(_ subject: Subject) -> Bool {
        if let patient = board[subject] {
            guard patient.tally.failingSince == nil, patient.tally.verdict != .unknown else {
                return patient.rules.probe == .none
            }
        }
        guard let name = subject.service else { return database.state == .well }
        guard let instance = instances[name], instance.behaviour.liesPercent == 0 else {
            return false
        }
        return instance.truth.badSince == nil && hasAllItNeeds(name)
    }

    /// The failures that it takes, then one question to what it needs, or a second where the first
    /// was asked too early; with few retries, or a late answer from what it needs, it is asked itself
    /// once more. A late answer from before costs as much as one that never comes.
    private func limit(of instance: SimulatedInstance) -> Duration {
        let rules = rules(of: instance)
        let needed = needs(of: instance.spec.name)
        let questions = (needed.map { patience(with: $0) }.max() ?? .zero) * 5
        let again = needed.isEmpty ? Duration.zero : rules.timeout * 3
        return max(rules.interval, rules.timeout) * rules.retries + rules.timeout * 2 + questions
            + again + .milliseconds(10)
    }
}
