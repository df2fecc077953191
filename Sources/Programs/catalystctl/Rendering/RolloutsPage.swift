internal import ControlProtocol
internal import StackModel

/// `catalystctl rollouts`: the last ones.
struct RolloutsPage {
    let rollouts: [Rollout]
    let program: String
    let now: Timestamp

    func lines(on terminal: Terminal) -> [String] {
        guard let newest = rollouts.first else {
            return ["nothing was rolled yet", "", terminal.next("deploy --plan", program: program)]
        }
        let table = Table(
            columns: [
                .init(title: "id", alignment: .right), .init(title: "when", dropRank: 1),
                .init(title: "what"), .init(title: "release", dropRank: 2), .init(title: "state"),
                .init(title: "took", alignment: .right, dropRank: 3),
                .init(title: "by", dropRank: 4),
            ],
            rows: rollouts.map { rollout in
                [
                    .init("\(rollout.id)"), .init(rollout.startedAt.local(now: now)),
                    .init(rollout.kind == .restart ? rollout.title : rollout.kind.rawValue),
                    .init(rollout.release ?? "–"), .init(rollout.state.words, rollout.state.color),
                    .init(rollout.time ?? "–"), .init(rollout.askedBy),
                ]
            })
        let follow = newest.state.isOver ? "" : " --follow"
        return table.lines(on: terminal)
            + ["", terminal.next("rollouts show \(newest.id)\(follow)", program: program)]
    }
}

/// `catalystctl releases`: what is on the machine.
struct ReleasesPage {
    let releases: [ReleaseReply]
    let program: String
    let now: Timestamp

    func lines(on terminal: Terminal) -> [String] {
        guard !releases.isEmpty else {
            return [
                "there is no release yet", "", terminal.next("deploy --plan", program: program),
            ]
        }
        let table = Table(
            columns: [
                .init(title: "release"), .init(title: "version"), .init(title: "made", dropRank: 3),
                .init(title: "from", dropRank: 2), .init(title: "used by"),
            ],
            rows: releases.map { reply in
                [
                    .init(reply.release.id, reply.isCurrent ? .green : nil),
                    .init(reply.release.version),
                    .init("\(humanDuration(now - reply.release.madeAt)) ago"),
                    .init(withoutPasswords(reply.release.source)), .init(reply.users),
                ]
            })
        let next = releases.count > 1 ? "rollback --plan" : "deploy --plan"
        return table.lines(on: terminal) + ["", terminal.next(next, program: program)]
    }
}

extension ReleaseReply {
    fileprivate var users: String {
        let count =
            switch services.count {
            case 0: ""
            case 1: services[0].text
            default: "\(services.count) services"
            }
        let words = [isCurrent ? "current" : "", count].filter { !$0.isEmpty }
        return words.isEmpty ? "–" : words.joined(separator: ", ")
    }
}
