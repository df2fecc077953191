import Rollouts
import StackModel

/// What befalls a service for no reason.
extension SimulatedSeat {
    /// A process dies for no reason.
    mutating func kill(at index: Int) -> [Answer] {
        let victim = instances.remove(at: index)
        guard !victim.isLeaving else { return [] }
        if victim.id == users { users = nil }
        switch swap {
        case .proving(victim.id), .ready(victim.id): return fall("was killed")
        case .serving(victim.id):
            guard let old = instances.first(where: { !$0.isLeaving }) else {
                isHurt = true
                (order, swap) = (nil, nil)
                return [.fell("was killed")]
            }
            (users, life, swap, order) = (old.id, .old, .withdrawing, nil)
            return [.fell("was killed")]
        default: break
        }
        isHurt = true
        if swap == nil, case .bring(_, let stage) = order, stage == .starting || stage == .ready {
            order = nil
            return [.fell("was killed")]
        }
        return []
    }

    /// Its agent died; another finds what is left, and that the record says `phase`.
    mutating func outlive(_ phase: RolloutStep.Phase, _ change: RolloutStep.Change) {
        let isAdmitted = phase == .soaking || phase == .draining || phase == .done
        (order, swap) = (nil, nil)
        life =
            isAdmitted ? (change == .removed ? nil : .new) : change == .added ? nil : Train.Side.old
        guard life != nil else { return end { _ in true } }
        if main == nil || main?.isLeaving == true {
            // A candidate that nobody has seen proven gets no users.
            let life = life
            end { !isAdmitted && $0.side != life }
            users = instances.first { !$0.isLeaving }?.id
        }
        guard let other = instances.first(where: { $0.id != users && !$0.isLeaving }), let main
        else { return }
        if phase == .soaking || phase == .draining {
            swap = main.side == .new ? .serving(main.id) : .ready(other.id)
        } else {
            end { $0.id == other.id }
            swap = .withdrawing
        }
    }
}
