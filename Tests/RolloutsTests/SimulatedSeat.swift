import Rollouts
import StackModel
import TestSupport

/// One service of a simulated machine: its instances, where its users are, and what the agent is doing to it.
struct SimulatedSeat {
    struct Instance {
        let id: Int
        let side: Train.Side
        var isWell = false
        /// It was told to stop.
        var isLeaving = false
    }

    /// How instances of the new release fare.
    enum Fate: CaseIterable { case fine, crashes, neverHealthy, turnsBad }

    /// Two instances, one of which takes the other's place.
    enum Swap: Equatable { case proving(Int), ready(Int), serving(Int), retiring, withdrawing }

    enum Order: Equatable {
        case bring(Train.Side, Stage)
        case retire, remove
    }
    enum Stage: Equatable { case waiting, clearing, starting, ready }

    enum Answer: Equatable { case spawned, ready, fell(String), left }

    let name: ServiceName
    let way: RolloutStep.Way
    /// Both sides are the same.
    let isRestart: Bool
    let fate: Fate
    /// Also what was before does not start any more.
    let isOldBroken: Bool
    var instances: [Instance] = []
    /// The instance that users reach.
    var users: Int?
    /// Whose definition it is kept running by; nil: it is not in the stack.
    var life: Train.Side?
    var isWanted = true
    var swap: Swap?
    var order: Order?
    /// Something befell it that no rollout can mend.
    var isHurt = false
    private var nextID = 1

    init(
        _ name: ServiceName, _ way: RolloutStep.Way, isRestart: Bool, fate: Fate, isOldBroken: Bool,
        isThere: Bool
    ) {
        (self.name, self.way, self.isRestart) = (name, way, isRestart)
        (self.fate, self.isOldBroken) = (fate, isOldBroken)
        guard isThere else { return }
        life = .old
        users = start(.old, isWell: true)
    }

    var main: Instance? { instances.first { $0.id == users } }
    var isBusy: Bool { order != nil || swap != nil }
    var isServed: Bool { main?.isWell == true && main?.isLeaving == false }
    private var hasLeaving: Bool { instances.contains(where: \.isLeaving) }

    mutating func start(_ side: Train.Side, isWell: Bool = false) -> Int {
        instances.append(Instance(id: nextID, side: side, isWell: isWell))
        nextID += 1
        return nextID - 1
    }

    mutating func end(where isMeant: (Instance) -> Bool) {
        for index in instances.indices where isMeant(instances[index]) {
            instances[index].isLeaving = true
        }
    }

    // Orders.

    mutating func bring(_ side: Train.Side) -> [Answer] {
        order = .bring(side, .waiting)
        switch swap {
        case .proving(let id), .ready(let id):
            end { $0.id == id }
            swap = .withdrawing
            if side == .old, main == nil || suits(.old) { return settle(.old) }
        case .serving(let id)
        where side == .old && instances.contains { $0.id != id && !$0.isLeaving }:
            end { $0.id == id }
            swap = .withdrawing
            users = instances.first { $0.id != id && !$0.isLeaving }?.id
            return settle(.old)
        case .withdrawing where side == .old && (main == nil || suits(.old)): return settle(.old)
        case .serving: swap = nil
        case .withdrawing, .retiring, nil: break
        }
        return hasLeaving ? [] : begin(side)
    }

    private func suits(_ side: Train.Side) -> Bool { main?.side == side || isRestart }

    /// Users are where they are to be.
    private mutating func settle(_ side: Train.Side) -> [Answer] {
        life = side
        order = .bring(side, .ready)
        return [.ready]
    }

    private mutating func begin(_ side: Train.Side) -> [Answer] {
        swap = nil
        if !isWanted { return settle(side) }
        if isServed, main?.side == side || side == .old && isRestart { return settle(side) }
        if way == .canary, main != nil {
            swap = .proving(start(side))
            order = .bring(side, .starting)
            return [.spawned]
        }
        life = side
        end { _ in true }
        order = .bring(side, .clearing)
        return []
    }

    mutating func admit() -> [Answer] {
        if case .ready(let id) = swap {
            users = id
            swap = .serving(id)
            life = instances.first { $0.id == id }?.side
        }
        if order == nil, isWanted, !suits(.new) { return [.fell("is not there")] }
        if order == nil { order = .bring(.new, .ready) }
        return []
    }

    mutating func retire() -> [Answer] {
        if order == nil, swap == nil, isWanted, life == .new, let main, main.side == .old {
            if !isRestart { return [.fell("is not there")] }
        }
        order = .retire
        if case .serving(let id) = swap {
            end { $0.id != id }
            swap = .retiring
        }
        return []
    }

    mutating func remove() {
        order = .remove
        life = nil
        end { _ in true }
    }

    /// The operator does not want it any more.
    mutating func stop() -> [Answer] {
        isWanted = false
        end { _ in true }
        swap = nil
        guard case .bring = order else { return [] }
        order = nil
        return [.fell("was stopped by the operator")]
    }

    // What happens by itself.

    var canMove: Bool {
        if hasLeaving || mayRevive { return true }
        switch order {
        case .bring(_, .ready): return mayTurnBad
        case .bring, .retire, .remove: return true
        case nil: return swap == .retiring || swap == .withdrawing
        }
    }

    /// The agent's care for what dies.
    private var mayRevive: Bool {
        guard isWanted, life != nil, main == nil || main?.isWell == false else { return false }
        if case .bring(_, .clearing) = order { return false }
        if case .bring(_, .starting) = order, swap == nil { return false }
        if case .serving = swap { return false }
        return instances.count { !$0.isLeaving && $0.id != users } + (main == nil ? 0 : 1) < 2
            && instances.count < 2 && (main == nil || canBeWell(life ?? .old))
    }

    private var mayTurnBad: Bool {
        guard fate == .turnsBad, let main, main.side == .new, main.isWell, !main.isLeaving,
            case .bring(.new, _) = order
        else { return false }
        switch swap {
        case .serving, nil: return true
        case .proving, .ready, .retiring, .withdrawing: return false
        }
    }

    private func canBeWell(_ side: Train.Side) -> Bool {
        side == .old ? !isOldBroken : fate == .fine || fate == .turnsBad
    }

    /// One thing that may happen next.
    mutating func move() -> [Answer] {
        if let index = instances.firstIndex(where: \.isLeaving) {
            instances.remove(at: index)
            if main == nil { users = nil }
            return []
        }
        if mayRevive, let life {
            if let index = instances.firstIndex(where: { $0.id == users }) {
                instances[index].isWell = true
            } else {
                users = start(life, isWell: canBeWell(life))
            }
            return []
        }
        switch order {
        case .bring(let side, let stage): return move(side, stage)
        case .retire, .remove:
            (order, swap) = (nil, nil)
            return [.left]
        case nil:
            swap = nil
            return []
        }
    }

    private mutating func move(_ side: Train.Side, _ stage: Stage) -> [Answer] {
        switch stage {
        case .waiting: return begin(side)
        case .clearing:
            users = start(side)
            order = .bring(side, .starting)
            return [.spawned]
        case .starting:
            guard canBeWell(side) else { return fall("did not become healthy") }
            let id = if case .proving(let id) = swap { id } else { users ?? 0 }
            for index in instances.indices where instances[index].id == id {
                instances[index].isWell = true
            }
            if case .proving = swap { swap = .ready(id) }
            order = .bring(side, .ready)
            return [.ready]
        case .ready: return mayTurnBad ? fall("turned bad") : []
        }
    }

    /// The new one is no good: the old one, where there is one, has the users.
    mutating func fall(_ words: String) -> [Answer] {
        order = nil
        switch swap {
        case .proving(let id), .ready(let id):
            end { $0.id == id }
            swap = .withdrawing
        case .serving(let id):
            let old = instances.first { $0.id != id && !$0.isLeaving }
            if let old {
                end { $0.id == id }
                (users, life, swap) = (old.id, .old, .withdrawing)
            } else {
                worsen()
                swap = nil
            }
        case .retiring, .withdrawing, nil: worsen()
        }
        return [.fell(words)]
    }

    private mutating func worsen() {
        for index in instances.indices where instances[index].id == users {
            instances[index].isWell = false
        }
        isHurt = true
    }
}
