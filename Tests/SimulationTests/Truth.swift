import Monitoring
import StackModel
import Supervision
import TestSupport

/// What is really so with an instance, whatever anybody found out.
struct Truth {
    /// It does not answer since then; new ones do not at first.
    var badSince: Moment?
    /// The failure that is under way is its own doing.
    var isOwn = true
    /// It has failed since then without a success in between.
    var failingSince: Moment?
    /// One of those failures was its own doing.
    var hasOwnFault = false
    /// It hangs through its own fault since then, and nothing delays that it is found out.
    var foundOutFrom: Moment?

    mutating func excuse(at now: Moment) {
        if foundOutFrom != nil { foundOutFrom = now }
    }
}

extension SimulatedMachine {
    /// Whether all that it says it needs works, and what that needs.
    func hasAllItNeeds(_ name: ServiceName) -> Bool {
        guard let spec = stack.members[name]?.spec else { return true }
        if spec.uses(.postgres), database.state != .well { return false }
        return spec.dependencies.allSatisfy { dependency in
            !dependency.isRequired || dependency.condition == .completed
                || works(dependency.service)
        }
    }

    private func works(_ name: ServiceName) -> Bool {
        guard let instance = instances[name], instance.answers else { return false }
        return !instance.behaviour.mindsDependencies || hasAllItNeeds(name)
    }

    /// Whether something that it needs is bad, and can be known to be.
    func isVisiblyLet(down name: ServiceName) -> Bool {
        needs(of: name, orMissing: true).contains { subject in
            guard let name = subject.service, instances[name] == nil else {
                return badSince(subject) != nil
            }
            guard case .tcp = stack.members[name]?.spec.healthCheck.probe else { return false }
            return true
        }
    }

    mutating func noteTruth(_ report: Report, of subject: Subject, asked: Moment) {
        if case .failed = report.outcome {
            seenBad[subject] = now
        } else if isStuck(subject), let patient = board[subject],
            now - asked > patient.rules.timeout / 4
        {
            seenBad[subject] = now
        }
        guard let name = subject.service, let instance = instances[name] else { return }
        switch report.outcome {
        case .healthy, .degraded:
            instance.truth.failingSince = nil
            instance.truth.hasOwnFault = false
        case .failed:
            instance.truth.failingSince = instance.truth.failingSince ?? now
            if instance.truth.isOwn { instance.truth.hasOwnFault = true }
        case .unknown: break
        }
    }

    /// The question under way waited until it recovered.
    private func isStuck(_ subject: Subject) -> Bool {
        subject.service.map { instances[$0]?.isStuck ?? false } ?? database.isStuck
    }

    /// Nobody is restarted for bad health that has done nothing wrong, nor while something that it
    /// needs is bad.
    func checkJustice(_ name: ServiceName, _ cause: Lifecycle.Event) throws(Violation) {
        guard case .becameUnhealthy = cause, let instance = instances[name] else { return }
        let needed = needs(of: name)
        let failing = instance.truth.failingSince ?? now
        // What fares badly only while nobody asks it cannot be found out.
        let isVisible = needed.contains { seenBad[$0].map { $0 >= failing } ?? false }
        if !instance.truth.hasOwnFault, isVisible {
            throw Violation("\(name): replaced, and has done nothing wrong")
        }
        let question = needed.map { patience(with: $0) }.max() ?? .zero
        for subject in needed {
            guard let bad = badSince(subject), now > bad else { continue }
            if bad <= failing || now - bad > question * 2 + .milliseconds(2) {
                throw Violation("\(name): replaced while \(subject) was bad")
            }
        }
    }

    /// All that it needs, directly or through others, and that can be asked.
    func needs(of name: ServiceName, orMissing: Bool = false) -> Set<Subject> {
        var found: Set<Subject> = []
        var open = [name]
        var seen: Set<ServiceName> = []
        while let next = open.popLast() {
            guard seen.insert(next).inserted, let spec = stack.members[next]?.spec else { continue }
            if spec.uses(.postgres), stack.spec.database != nil { found.insert("@postgres") }
            for dependency in spec.dependencies where dependency.condition != .completed {
                let isRunning = stack.members[dependency.service]?.state.isRunning == true
                guard isRunning || orMissing && dependency.isRequired else { continue }
                found.insert(.service(dependency.service))
                open.append(dependency.service)
            }
        }
        return found
    }

    /// Since when it is bad, where its own answers tell.
    private func badSince(_ subject: Subject) -> Moment? {
        guard let name = subject.service else {
            return board[subject]?.tally.verdict == .unknown ? nil : database.badSince
        }
        guard let instance = instances[name], instance.isProbed,
            instance.behaviour.liesPercent == 0
        else { return nil }
        return instance.truth.badSince
    }

    /// The longest that a question to it takes.
    func patience(with subject: Subject) -> Duration {
        guard let name = subject.service else { return database.rules.timeout + .seconds(1) }
        guard let instance = instances[name] else { return .zero }
        return rules(of: instance).timeout + .seconds(1)
    }
}
