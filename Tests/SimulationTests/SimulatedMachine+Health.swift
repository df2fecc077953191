import Monitoring
import StackModel
import Supervision

/// What the agent does about answers: what they mean, and who has to be asked because of them.
extension SimulatedMachine {
    private var surroundings: HealthBoard.Surroundings {
        let stack = stack
        return HealthBoard.Surroundings(
            now: now,
            needed: { name in
                let services = stack.needed(by: name)
                let usesDatabase = (services + [name]).contains {
                    stack.members[$0]?.spec.uses(.postgres) ?? false
                }
                return services.map(Subject.service)
                    + (usesDatabase ? [.thing(.postgres)] : [])
            },
            isBlocked: { !stack.culprits(behind: $0).isEmpty })
    }

    mutating func receive(
        _ report: Report, from subject: Subject, asked: Moment
    ) throws(Violation) {
        noteTruth(report, of: subject, asked: asked)
        try perform(board.receive(report, from: subject, asked: asked, in: surroundings))
        try reconsider(dependentsOf: subject)
    }

    private mutating func reconsider(dependentsOf subject: Subject) throws(Violation) {
        guard instances.keys.contains(where: board.awaitsBlame) else { return }
        let waiting = stack.dependents(of: subject).filter(board.awaitsBlame)
        try perform(board.reconsider(waiting, in: surroundings))
    }

    /// Whose health changed since the last look is looked at by those who need it.
    mutating func noticeWellness() throws(Violation) {
        var changed: [ServiceName] = []
        for (name, member) in stack.members where member.isWell != wasWell.contains(name) {
            changed.append(name)
        }
        for name in changed.sorted() {
            if wasWell.remove(name) == nil { wasWell.insert(name) }
            try wellnessChanged(.service(name))
        }
    }

    private mutating func wellnessChanged(_ subject: Subject) throws(Violation) {
        try reconsider(dependentsOf: subject)
        for name in stack.dependents(of: subject) { askBesides(name) }
    }

    private mutating func perform(_ effects: [HealthBoard.Effect]) throws(Violation) {
        for effect in effects {
            switch effect {
            case .judged(.service(let name), let verdict, _, let hung):
                try post(.judged(name, verdict, hung: hung))
            case .judged(.thing(let thing), let verdict, _, _):
                let isBad = verdict == .unhealthy
                guard stack.troubledThings.contains(thing) != isBad else { continue }
                try post(.troubled(thing, isBad))
                try wellnessChanged(.thing(thing))
            case .ask(.service(let name)): askBesides(name)
            case .ask(.thing): if !database.isAsked { askDatabase() }
            }
        }
    }
}
