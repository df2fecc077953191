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

        /// One that speaks up by itself is bad when it says so, or falls silent.
        fileprivate var canBeAsked: Bool { rules.probe != .none && rules.probe != .notify }
    }

    package enum Effect: Equatable, Sendable {
        /// `hung`: it did not answer at all. Told for each answer, changed or not.
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
        return patient.tally.awaitsBlame(patient.rules)
    }

    /// A new instance, or a thing that is watched from now on: nothing is inherited.
    package mutating func began(_ subject: Subject, rules: HealthCheck, now: Moment) {
        patients[subject] = Patient(tally: Tally(startedAt: now), rules: rules)
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
        switch report.outcome {
        case .healthy, .degraded: patient.lastGood = asked
        // It cannot be asked, which proves nothing against it.
        case .unknown: patient.lastGood = surroundings.now
        case .failed: break
        }
        patients[subject] = patient
        let questions = blame(subject, in: surroundings)
        patients[subject]?.tally.expire(at: surroundings.now, rules: patient.rules)
        return [judgement(subject, from: before)] + questions
    }

    /// What is known of something that these need has changed.
    package mutating func reconsider(
        _ names: [ServiceName], in surroundings: Surroundings
    ) -> [Effect] {
        names.flatMap { name -> [Effect] in
            let subject = Subject.service(name)
            guard let patient = patients[subject], awaitsBlame(name) else { return [] }
            let before = patient.tally.verdict
            let questions = blame(subject, in: surroundings)
            guard patients[subject]?.tally.verdict != before else { return questions }
            return [judgement(subject, from: before)] + questions
        }
    }

    private func judgement(_ subject: Subject, from before: Verdict) -> Effect {
        let tally = patients[subject]?.tally
        return .judged(
            subject, tally?.verdict ?? .unknown, from: before, hung: tally?.isHung ?? false)
    }

    private mutating func blame(_ subject: Subject, in surroundings: Surroundings) -> [Effect] {
        guard let patient = patients[subject], let since = patient.tally.failingSince else {
            return []
        }
        guard case .service(let name) = subject else {
            patients[subject]?.tally.decide(.own, rules: patient.rules)
            return []
        }
        var needed: [Subject: Blame.Standing] = [:]
        for other in surroundings.needed(name) {
            guard let patient = patients[other], patient.canBeAsked else { continue }
            needed[other] = Blame.Standing(
                isSuspect: patient.tally.failingSince != nil, lastGood: patient.lastGood)
        }
        let blame = Blame.decide(
            failingSince: since, isBlocked: surroundings.isBlocked(name), needed: needed)
        patients[subject]?.tally.decide(blame, rules: patient.rules)
        guard case .undecided(let questions) = blame else { return [] }
        return questions.map(Effect.ask)
    }
}
