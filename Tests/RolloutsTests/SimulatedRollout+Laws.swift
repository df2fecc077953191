import Rollouts
import StackModel

/// What must be true of a rollout, whatever happens.
extension SimulatedRollout {
    func broken(_ words: String) -> Violation { Violation(description: words) }

    /// What is done stands in the ledger before.
    func expectAnnounced(_ effect: Train.Effect) throws(Violation) {
        func phase(of name: ServiceName) -> RolloutStep.Phase? {
            ledger?.steps.first { $0.service == name }?.phase
        }
        let isAnnounced =
            switch effect {
            case .bring(let name, .new): phase(of: name) == .starting
            case .bring(let name, .old): phase(of: name) == .undoing
            case .admit(let name): phase(of: name) == .soaking || phase(of: name) == .undoing
            case .retire(let name), .remove(let name):
                phase(of: name) == .draining || phase(of: name) == .undoing
            case .adopt: ledger?.steps.allSatisfy(\.phase.isOver) == true
            case .finished: ledger?.state.isOver == true
            case .record, .askHold, .setAlarm, .clearAlarm, .reportAnomaly: true
            }
        if !isAnnounced { throw broken("\(effect) before the ledger has it") }
    }

    func check() throws(Violation) {
        if let name = hasLostPatience { throw broken("\(name) is not well at the end of its soak") }
        let busy = seats.filter(\.isBusy).map(\.name.text)
        if busy.count > 1 { throw broken("\(busy) are under way at once") }
        for seat in seats {
            if seat.instances.count > 2 { throw broken("\(seat.name) has \(seat.instances)") }
            let mustServe =
                seat.way == .canary && seat.isWanted && !seat.isHurt && seat.life != nil
            if mustServe, !seat.isServed { throw broken("users of \(seat.name) are not served") }
        }
    }

    /// It is over: when nothing moves any more, what runs is what the record says.
    mutating func settle() throws(Violation) {
        for _ in 0..<200 {
            guard let index = seats.indices.first(where: { seats[$0].canMove }) else { break }
            _ = seats[index].move()
        }
        let record = train.record
        guard record.state.isOver, record.finishedAt != nil, record.message?.isEmpty == false,
            record == ledger
        else { throw broken("the record is not over: \(record)") }
        for (step, seat) in zip(record.steps, seats) { try expectOne(seat, step, record) }
        let isAllDone = record.steps.allSatisfy { $0.phase == .done && $0.problem == nil }
        guard (record.state == .succeeded) == isAllDone else {
            throw broken("it is \(record.state) with \(record.steps.map(\.phase))")
        }
    }

    private func expectOne(
        _ seat: SimulatedSeat, _ step: RolloutStep, _ record: Rollout
    ) throws(Violation) {
        guard step.phase.isOver else { throw broken("\(seat.name) is \(step.phase) at the end") }
        let isNew = step.phase == .done
        let side: Train.Side? =
            isNew ? (step.change == .removed ? nil : .new) : step.change == .added ? nil : .old
        let expected = side == nil || !seat.isWanted ? [] : [side]
        let sides = seat.instances.map { seat.isRestart ? side : $0.side }
        // Both sides are broken: it is started again and again, as it is.
        if step.phase == .failed, sides.count <= 1 { return }
        guard sides == expected, seat.isRestart || seat.life == side, !seat.isBusy else {
            let life = seat.life.map(\.rawValue) ?? "nothing"
            throw broken("\(seat.name) is \(step.phase), and runs as \(sides), kept as \(life)")
        }
    }
}
