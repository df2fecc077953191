import Monitoring
import StackModel
import Supervision
import TestSupport

/// The course of a storm: all are well, the storm, and all are well again, the innocent as they were.
extension SimulatedMachine {
    /// From the end of the storm until all are well: what redis waits, the longest pause, its start,
    /// and a turn of everybody's probes.
    static let clearLimit = Duration.seconds(600)

    /// An alert that is over is told to be so within this.
    private static let holdLimit: Duration = {
        let rules: [AlertRule] = [
            .serviceDown, .serviceCrashLooping, .serviceGaveUp, .databaseAway,
        ]
        return (rules.map { AlertPolicy.standard(for: $0).hold }.max() ?? .zero) + .seconds(5)
    }()

    mutating func weather(_ storm: Storm) throws(Violation) {
        beginWatchingDatabase()
        try post(.began(stopped: []))
        while laws.unsettled(stack) != nil, now < .zero + Self.clearLimit {
            guard try advance() != nil else { break }
        }
        try run(until: now + chance.duration(.zero, storm.turn))
        if let missing = laws.unsettled(stack) {
            throw Violation("before the storm not everything is well: \(missing)")
        }
        beginLooking()
        isRaging = true
        plan(storm)
        try run(until: now + storm.lasts)
        try checkListed(storm)
        let isFound = !stack.troubledThings.isEmpty || storm.kind == .doesNotStart
        isTroubled = false
        isRaging = false
        databaseBecomes(.well)
        if storm.kind == .stalls, let redis = instances["redis"] { recovers(redis) }
        let limit = now + Self.clearLimit
        while let missing = unclear {
            guard try advance() != nil, now <= limit else {
                throw Violation("after the storm not everything becomes well: \(missing)")
            }
        }
        try run(until: now + storm.turn)
        let over = now + Self.holdLimit
        while isAlerted, now <= over { guard try advance() != nil else { break } }
        try checkTold(storm, lasted: isFound && storm.kind != .databaseFlaps)
        for name in stack.order where name != "redis" && storm.isVisible {
            let instances = stack.members[name]?.instances ?? 0
            if instances != 1 { throw Violation("\(name): \(instances) instances") }
        }
    }

    private var unclear: String? {
        laws.unsettled(stack)
            ?? (stack.troubledThings.isEmpty ? nil : "\(stack.troubledThings) in trouble")
    }

    private mutating func run(until end: Moment) throws(Violation) {
        agenda.add(.pause, at: end)
        while now < end { guard try advance() != nil else { return } }
    }

    private mutating func plan(_ storm: Storm) {
        switch storm.kind {
        case .killed: blow(.killed, after: .zero)
        case .doesNotStart: blow(.killed, after: .zero)
        case .hangs: blow(.hangs, after: .zero)
        case .killedAgainAndAgain:
            for _ in 0..<(2 + chance.index(below: 20)) {
                blow(.killed, after: chance.duration(.zero, storm.lasts))
            }
        case .stalls:
            for _ in 0..<(1 + chance.index(below: 8)) {
                let length = chance.duration(.milliseconds(100), .seconds(20))
                blow(.hangsFor(length), after: chance.duration(.zero, storm.lasts))
            }
        case .databaseAway: agenda.add(.database(.away), at: now)
        case .databaseHangs: agenda.add(.database(.hung), at: now)
        case .databaseFlaps:
            for _ in 0..<(1 + chance.index(below: 8)) {
                let fails = now + chance.duration(.zero, storm.lasts)
                let length = chance.duration(.milliseconds(100), .seconds(20))
                agenda.add(.database(chance.pick(.away, .hung)), at: fails)
                agenda.add(.database(.well), at: fails + length)
            }
        }
    }

    private mutating func blow(_ blow: Blow, after delay: Duration) {
        agenda.add(.blow("redis", blow), at: now + delay)
    }

    mutating func strike(_ name: ServiceName, _ blow: Blow) throws(Violation) {
        guard isTroubled, let instance = instances[name] else { return }
        switch blow {
        case .killed: try mainEnds(instance, .signaled(.kill, coreDumped: false))
        case .hangs: hangs(instance)
        case .hangsFor(let length):
            instance.behaviour.recoversAfter = length
            hangs(instance)
        }
    }
}
