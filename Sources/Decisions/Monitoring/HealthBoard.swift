package import StackModel

/// The health of everything that is asked: services and the things they share. Answers go in,
/// verdicts and further questions come out.
package struct HealthBoard: Sendable {
    /// Somebody who is asked.
    package struct Patient: Sendable {
        package fileprivate(set) var tally: Tally
        package fileprivate(set) var rules: HealthCheck
        package fileprivate(set) var lastReport: Report?
        fileprivate var lastGood: Moment?
        fileprivate var lastLate: Moment?
        fileprivate var trial = Trial()

        /// One that speaks up by itself is bad when it says so, or falls silent.
        fileprivate var canBeAsked: Bool { rules.probe != .none && rules.probe != .notify }

        fileprivate var isMute: Bool {
            if case .unknown = lastReport?.outcome { true } else { false }
        }

        /// Its last answer was bad, whether that counts or not.
        fileprivate var isSuspect: Bool {
            if case .failed = lastReport?.outcome { true } else { tally.failingSince != nil }
        }
    }

    package enum Effect: Equatable, Sendable {
        /// `hung`: it did not answer at all. Told for each answer, changed or not; but that it is
        /// unhealthy only when it is known anew that this is its own fault.
        case judged(Subject, Verdict, from: Verdict, hung: Bool)
        /// Ask it now, beside its schedule, unless a question is under way.
        case ask(Subject)
    }

    /// What is known elsewhere: who needs whom, and who is known to be bad.
    package struct Surroundings {
        package let now: Moment
        /// All that a service needs, directly or through others.
        package let needed: (ServiceName) -> [Subject]
        /// Whether something it needs is known to be bad.
        package let isBlocked: (ServiceName) -> Bool

        package init(
            now: Moment, needed: @escaping (ServiceName) -> [Subject],
            isBlocked: @escaping (ServiceName) -> Bool
        ) {
            self.now = now
            self.needed = needed
            self.isBlocked = isBlocked
        }
    }

    private var patients: [Subject: Patient] = [:]

    package init() {}

    package subscript(subject: Subject) -> Patient? { patients[subject] }

    /// It fails, and whose fault that is has to be found out.
    package func awaitsBlame(_ name: ServiceName) -> Bool {
        guard let patient = patients[.service(name)] else { return false }
        return patient.tally.awaitsBlame || patient.trial.isCharged
    }

    /// A new instance, or a thing that is watched from now on: nothing is inherited.
    package mutating func began(_ subject: Subject, rules: HealthCheck, now: Moment) {
        patients[subject] = Patient(tally: Tally(startedAt: now), rules: rules)
    }

    /// One that an earlier agent asked goes on with what it answered then.
    package mutating func resumed(_ subject: Subject, rules: HealthCheck, tally: Tally) {
        patients[subject] = Patient(tally: tally, rules: rules)
    }

    /// The rules changed under it.
    package mutating func adjusted(_ subject: Subject, rules: HealthCheck) {
        patients[subject]?.rules = rules
    }

    package mutating func ended(_ subject: Subject) { patients[subject] = nil }

    /// Takes an answer to a question of `asked` in.
    package mutating func receive(
        _ report: Report, from subject: Subject, asked: Moment, in surroundings: Surroundings
    ) -> [Effect] {
        guard var patient = patients[subject] else { return [] }
        let before = patient.tally.verdict
        patient.lastReport = report
        patient.tally.receive(report, at: surroundings.now, rules: patient.rules)
        var failed: Moment?
        switch report.outcome {
        case .healthy, .degraded:
            patient.lastGood = asked
            let isLate = surroundings.now - asked > patient.rules.timeout / 4
            if isLate { patient.lastLate = surroundings.now }
        case .failed: failed = asked
        case .unknown: break
        }
        patients[subject] = patient
        let blame = blame(subject, failed: failed, in: surroundings)
        patients[subject]?.tally.expire(at: surroundings.now, rules: patient.rules)
        if patients[subject]?.tally.verdict == .unhealthy, blame != .own {
            return questions(of: blame)
        }
        return [judgement(subject, from: before)] + questions(of: blame)
    }

    /// What is known of something that these need has changed.
    package mutating func reconsider(
        _ names: [ServiceName], in surroundings: Surroundings
    ) -> [Effect] {
        names.flatMap { name -> [Effect] in
            let subject = Subject.service(name)
            guard let patient = patients[subject], awaitsBlame(name) else { return [] }
            let before = patient.tally.verdict
            let blame = blame(subject, failed: nil, in: surroundings)
            let verdict = patients[subject]?.tally.verdict
            guard verdict != before || verdict == .unhealthy && blame == .own else {
                return questions(of: blame)
            }
            return [judgement(subject, from: before)] + questions(of: blame)
        }
    }

    private func questions(of blame: Blame?) -> [Effect] {
        guard case .undecided(let subjects) = blame else { return [] }
        return subjects.map(Effect.ask)
    }

    private func judgement(_ subject: Subject, from before: Verdict) -> Effect {
        let tally = patients[subject]?.tally
        return .judged(
            subject, tally?.verdict ?? .unknown, from: before, hung: tally?.isHung ?? false)
    }

    /// Decides whose fault it is that `subject` fails; nil: it does not. `failed`: when it was asked
    /// what it failed to answer just now.
    private mutating func blame(
        _ subject: Subject, failed: Moment?, in surroundings: Surroundings
    ) -> Blame? {
        guard var patient = patients[subject] else { return nil }
        guard let since = patient.tally.failingSince else {
            patients[subject]?.trial = Trial()
            return nil
        }
        let blame: Blame
        if case .service(let name) = subject, surroundings.isBlocked(name) {
            blame = .blocked
            patient.trial = Trial()
        } else {
            let failures = Trial.Failures(
                since: since, asked: failed,
                areEnough: patient.tally.failures >= patient.rules.retries,
                canBeRepeated: patient.canBeAsked)
            blame = patient.trial.decide(
                subject, failures, needed: standings(behind: subject, in: surroundings),
                now: surroundings.now)
        }
        patient.tally.decide(blame, rules: patient.rules)
        patients[subject] = patient
        return blame
    }

    /// Who cannot be asked proves nothing for or against anybody, nor does a thing that was asked in
    /// vain for long. A service that was is known to be unwell then.
    private func standings(
        behind subject: Subject, in surroundings: Surroundings
    ) -> [Subject: Blame.Standing] {
        guard case .service(let name) = subject else { return [:] }
        var found: [Subject: Blame.Standing] = [:]
        for other in surroundings.needed(name) {
            guard let patient = patients[other], patient.canBeAsked else { continue }
            let isSilent = patient.tally.isSilent(at: surroundings.now, rules: patient.rules)
            if isSilent, other.service == nil { continue }
            found[other] = Blame.Standing(
                isSuspect: patient.isSuspect, lastGood: patient.lastGood,
                lastLate: patient.lastLate, isMute: patient.isMute)
        }
        return found
    }
}
