import StackModel
import Supervision
import TestSupport

/// The course of a run: trouble and orders, then calm in which all must become well, then the end.
extension SimulatedMachine {
    /// After the trouble every wanted service is well within this: the slowest retry, and then, one
    /// after another on the longest chain, a start that hangs and is replaced.
    static let settleLimit: Duration = {
        let hang =
            SimulatedStacks.intervalMax * SimulatedStacks.retriesMax + SimulatedStacks.timeoutMax
        let start = SimulatedStacks.startPeriodMax + hang
        let end = SimulatedStacks.graceMax + Laws.killLimit + SimulatedStacks.pauseMax
        let brake = SimulatedStacks.brakeWindowMax * 10
        return SimulatedStacks.slowRetryMax + (start + end + hang) * 10 + brake
    }()

    /// No run needs so many decisions, unless somebody is asked again and again without need.
    private static let decidedMax = 200_000

    /// Runs to the end, or to the first violation.
    mutating func run() throws(Violation) {
        plan()
        beginWatchingDatabase()
        let stopped = services.map(\.name).filter { _ in chance.happens(10) }
        try post(.began(stopped: stopped))
        while isTroubled, !laws.hasFinished {
            guard try advance() != nil else { break }
            try checkBounds()
        }
        if !laws.hasFinished, !stack.isShuttingDown {
            try settle()
            try obey(.shutdown)
            if chance.happens(20) {
                agenda.add(.order(.hasten), at: now + chance.duration(.zero, .seconds(10)))
            }
        }
        while !laws.hasFinished {
            guard try advance() != nil else { throw Violation("the shutdown does not finish") }
            try checkBounds()
        }
        try finish()
    }

    private mutating func plan() {
        let end = Moment.zero + chance.duration(.seconds(30), .seconds(300))
        agenda.add(.troubleEnds, at: end)
        for _ in 0..<chance.index(below: 14) {
            let order = order()
            let moment = Moment.zero + chance.duration(.zero, end - .zero)
            agenda.add(.order(order), at: moment)
            guard case .restart(let names) = order, let name = names.randomElement(using: &chance),
                faultPercent > 0, chance.happens(50)
            else { continue }
            agenda.add(.blow(name, .killed), at: moment + chance.duration(.zero, .seconds(5)))
        }
        if chance.happens(30) {
            let leaves = Moment.zero + chance.duration(.zero, end - .zero)
            agenda.add(.collectorLeaves, at: leaves)
            agenda.add(.collectorReturns, at: leaves + chance.duration(.zero, .seconds(100)))
        }
        planDatabase(until: end)
        if chance.happens(20) {
            agenda.add(
                .order(chance.pick(.shutdown, .hasten)),
                at: .zero + chance.duration(.zero, end - .zero))
            agenda.add(
                .order(.hasten),
                at: .zero + chance.duration(end - .zero, end - .zero + .seconds(60)))
        }
    }

    private mutating func planDatabase(until end: Moment) {
        guard stack.spec.database != nil, faultPercent > 0, chance.happens(50) else { return }
        for _ in 0...chance.index(below: 3) {
            let fails = Moment.zero + chance.duration(.zero, end - .zero)
            agenda.add(.database(chance.pick(.away, .hung)), at: fails)
            agenda.add(.database(.well), at: fails + chance.duration(.zero, .seconds(90)))
        }
    }

    private mutating func order() -> Order {
        let names = services.map(\.name)
        let some = names.filter { _ in chance.happens(35) }
        let chosen =
            chance.happens(40)
            ? names : chance.happens(60) ? [names[chance.index(below: names.count)]] : some
        return chance.pick(
            .start(chosen), .stop(chosen), .restart(chosen), .restart(names), .editAndReload,
            .editAndReload)
    }

    mutating func obey(_ order: Order) throws(Violation) {
        switch order {
        case .start(let names): try post(.startRequested(names))
        case .stop(let names): try post(.stopRequested(names))
        case .restart(let names): try post(.restartRequested(names))
        case .editAndReload:
            services = SimulatedStacks.edited(services, &chance)
            trace?.append(contentsOf: services.map(description))
            var spec = SimulatedStacks.spec(of: services)
            spec.brake = stack.spec.brake
            if chance.happens(20) {
                spec.rollout.order = services.map(\.name).shuffled(using: &chance)
            }
            try post(.reloaded(spec))
        case .shutdown: try post(.shutdownRequested)
        case .hasten: try post(.hastened)
        }
    }

    /// From now on nothing new breaks. What hangs goes on hanging, unless nothing would ever
    /// replace it.
    mutating func endTrouble() throws(Violation) {
        isTroubled = false
        if isCollectorAway { collectorReturns() }
        databaseBecomes(.well)
        for name in instances.keys.sorted() {
            guard let instance = instances[name] else { continue }
            let isReplaced =
                instance.spec.onUnhealthy == .restart
                && stack.members[name]?.spec.onUnhealthy == .restart
            if isReplaced, case .tcp = rules(of: instance).probe { continue }
            recovers(instance)
            instance.behaviour.mindsDependencies = false
            for _ in 0..<rules(of: instance).successes { try becomesReady(instance) }
        }
        if !stack.isShuttingDown, chance.happens(70) { try obey(.start(services.map(\.name))) }
    }

    private mutating func settle() throws(Violation) {
        let limit = now + Self.settleLimit
        while let missing = laws.unsettled(stack) {
            guard try advance() != nil, now <= limit else {
                throw Violation("after the trouble not everything becomes well: \(missing)")
            }
            try checkBounds()
        }
        coverage.reach(.settled)
    }

    private func checkBounds() throws(Violation) {
        if agenda.count > 200 * (stack.order.count + 1) {
            throw Violation("\(agenda.count) things are under way")
        }
        if decided > Self.decidedMax { throw Violation("it does not come to rest") }
    }

    private mutating func finish() throws(Violation) {
        guard instances.isEmpty else {
            throw Violation("finished, and \(instances.keys.sorted()) still run")
        }
        database.isAsked = false  // It is not watched any more.
        database.question += 1
        // What was under way may still arrive; nothing may come of it.
        while try advance() != nil {}
        guard instances.isEmpty else { throw Violation("something runs after the end") }
    }
}
