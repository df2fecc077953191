import Monitoring
import StackModel
import Supervision

/// Who is told what: the agent's look around, once a second.
extension SimulatedMachine {
    /// One alert that was told, or told to be over.
    struct Told {
        let kind: AlertEvent.Kind
        let alert: Alert
    }

    mutating func beginLooking() {
        book = AlertBook(settings: AlertSettings(), now: now, time: time)
        agenda.add(.look, at: now + .seconds(1))
    }

    mutating func look() {
        agenda.add(.look, at: now + .seconds(1))
        let found = findings(of: observation, settings: AlertSettings(), host: HostPlan())
        let time = time
        let effects = book?.receive(.found(found), now: now, time: time) ?? []
        for effect in effects {
            guard case .announce(let kind, let alert, let message) = effect else { continue }
            // A Redis that stalls often is held by the brake, which is another story.
            guard alert.rule != .brake else { continue }
            told.append(Told(kind: kind, alert: alert))
            remark("told: \(kind.rawValue) \(alert.subject): \(message)")
        }
        for name in stack.order {
            let isBlocked = board[.service(name)]?.tally.verdict == .blocked
            blockedSince[name] = isBlocked ? blockedSince[name] ?? now : nil
        }
    }

    private var time: Timestamp { Timestamp(nanoseconds: now.nanoseconds) }

    private var observation: Observation {
        var seen = Observation(time: time)
        seen.services = stack.order.compactMap(sight)
        seen.database =
            board["@postgres"]?.tally.verdict == .unhealthy
            ? .away("connection refused") : .seen(PostgresFacts())
        seen.braked = stack.braked.sorted()
        return seen
    }

    private func sight(_ name: ServiceName) -> ServiceSight? {
        guard let member = stack.members[name] else { return nil }
        let verdict = board[.service(name)]?.tally.verdict ?? .unknown
        let causes = stack.causes(of: name, judged: verdict)
        var sight = ServiceSight(
            name, isWanted: member.isWanted, stage: member.state.stage, verdict: verdict,
            isWell: member.isWell && causes.isEmpty)
        sight.causes = causes
        sight.crashesInARow = member.state.crashesInARow
        return sight
    }
}
