import Rollouts
import StackModel
import TestSupport

/// A rollout on a simulated machine: an agent that carries out what the train decides, a ledger that is slow, services
/// that fail, an operator who interferes, and the agent's death at any moment.
struct SimulatedRollout {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// What is going to happen next, one of them.
    private enum Chosen { case record, alarm, hold, fall(Int), seat(Int) }

    var seats: [SimulatedSeat]
    private(set) var trace: [String] = []
    private var chance: Chance
    private(set) var train: Train
    private let policies: [ServiceName: StepPolicy]
    /// What is on disk; nil: nothing yet.
    private(set) var ledger: Rollout?
    private let first: Rollout
    private var effects: [Train.Effect] = []
    private var isRecording = false
    private var alarm: Duration?
    private var asked: ServiceName?
    private var refusals: Int
    private var fallen: [(name: ServiceName, words: String)] = []
    private var now = Timestamp(nanoseconds: 0)
    private var isFinished = false
    /// Its old instance was to go though it was not well.
    private(set) var hasLostPatience: ServiceName?
    private var faults: Int
    private let isTracing: Bool
    private(set) var deaths = 0

    init(seed: UInt64, isTracing: Bool) {
        self.isTracing = isTracing
        var chance = Chance(seed: seed)
        var record = Rollout(
            id: 1, kind: chance.pick(.deploy, .deploy, .rollback, .restart), state: .running,
            askedBy: "root", startedAt: now)
        record.release = "B"
        record.previousRelease = "A"
        let isCalm = chance.happens(20)
        faults = isCalm ? 0 : chance.index(below: 7)
        refusals = chance.index(below: 4)
        seats = []
        var policies: [ServiceName: StepPolicy] = [:]
        for name in ["a", "b", "c", "d"].prefix(1 + chance.index(below: 4))
            as ArraySlice<ServiceName>
        {
            let (step, policy, seat) = Self.service(name, record.kind, &chance, isCalm: isCalm)
            record.steps.append(step)
            policies[name] = policy
            seats.append(seat)
        }
        first = record
        self.policies = policies
        self.chance = chance
        train = Train(record, policies: policies)
    }

    private static func service(
        _ name: ServiceName, _ kind: Rollout.Kind, _ chance: inout Chance, isCalm: Bool
    ) -> (RolloutStep, StepPolicy, SimulatedSeat) {
        let change: RolloutStep.Change =
            kind == .restart ? .asked : chance.pick(.source, .source, .definition, .added, .removed)
        let isNew = change == .added || change == .removed
        let way: RolloutStep.Way =
            isNew ? .stopFirst : chance.pick(.canary, .canary, .handOver, .stopFirst)
        let fate: SimulatedSeat.Fate =
            isCalm || chance.happens(60) ? .fine : chance.pick(.crashes, .neverHealthy, .turnsBad)
        var spec = ServiceSpec(name: name, command: ["/bin/true"])
        if chance.happens(30) {
            spec.hold = Hold(command: ["/bin/false"])
            spec.hold?.limit = chance.pick(.seconds(8), .seconds(600))
        }
        var update = UpdatePolicy()
        update.monitor = Seconds(wrappedValue: chance.pick(.zero, .seconds(10)))
        update.delay = chance.pick(.zero, .seconds(5))
        update.failureAction = chance.pick(.rollback, .pause, .continue)
        update.failureRatioMax = chance.pick(0, 0, 0.3)
        (spec.update, spec.rollback) = (update, update)
        let stack = StackSpec(name: "simulated", services: [spec])
        return (
            RolloutStep(name, change, way), StepPolicy(spec, in: stack, kind: kind, isAlone: false),
            SimulatedSeat(
                name, way, isRestart: kind == .restart, fate: fate,
                isOldBroken: !isCalm && chance.happens(5), isThere: change != .added)
        )
    }

    // It runs.

    mutating func run() throws(Violation) {
        receive(.began)
        for _ in 0..<3000 {
            try perform()
            if isFinished { return try settle() }
            if faults > 0, chance.happens(8) {
                faults -= 1
                strike()
            } else if let chosen = chooseNext() {
                happen(chosen)
            } else if train.record.state == .paused {
                receive(chance.happens(50) ? .resumeRequested : .cancelRequested(by: "root"))
            } else {
                throw broken("nothing is going to happen any more")
            }
            now = Timestamp(nanoseconds: now.nanoseconds + 1_000_000_000)
            try check()
        }
        throw broken("it does not end")
    }

    private mutating func chooseNext() -> Chosen? {
        var choices: [Chosen] = []
        if isRecording { choices += [.record, .record] }
        if alarm != nil { choices.append(.alarm) }
        if asked != nil { choices.append(.hold) }
        choices += fallen.indices.map { .fall($0) }
        choices += seats.indices.filter { seats[$0].canMove }.map { .seat($0) }
        return choices.isEmpty ? nil : choices[chance.index(below: choices.count)]
    }

    private mutating func happen(_ chosen: Chosen) {
        switch chosen {
        case .record:
            isRecording = false
            if case .record(let record) = effects.removeFirst() { ledger = record }
        case .alarm:
            now = Timestamp(nanoseconds: now.nanoseconds + (alarm ?? .zero).nanoseconds)
            alarm = nil
            receive(.alarmRang)
        case .hold:
            guard let name = asked else { return }
            asked = nil
            let isRefused = refusals > 0 && chance.happens(60)
            refusals -= isRefused ? 1 : 0
            receive(.holdAnswered(name, isRefused ? "orders are open" : nil))
        case .fall(let index):
            let (name, words) = fallen.remove(at: index)
            if !isSuperseded(name) { receive(.fell(name, words)) }
        case .seat(let index):
            let answers = seats[index].move()
            answer(answers, index)
        }
    }

    /// Something that nobody planned.
    private mutating func strike() {
        let index = chance.index(below: seats.count)
        switch chance.index(below: 10) {
        case 0: receive(.cancelRequested(by: "root"))
        case 1:
            note("the operator stops \(seats[index].name)")
            let answers = seats[index].stop()
            answer(answers, index)
        case 2: receive(.resumeRequested)
        case 3...6: die()
        default:
            guard !seats[index].instances.isEmpty else { return }
            let victim = chance.index(below: seats[index].instances.count)
            note("\(seats[index].instances[victim]) of \(seats[index].name) is killed")
            let answers = seats[index].kill(at: victim)
            answer(answers, index)
        }
    }

    /// The agent's death, with some of its services; and the next one.
    private mutating func die() {
        deaths += 1
        if isRecording, chance.happens(50), case .record(let record)? = effects.first {
            ledger = record
        }
        (effects, isRecording, alarm, asked, fallen) = ([], false, nil, nil, [])
        let record = ledger ?? first
        for index in seats.indices {
            for victim in seats[index].instances.indices.reversed() where chance.happens(15) {
                seats[index].instances.remove(at: victim)
                seats[index].isHurt = true
            }
            guard let step = record.steps.first(where: { $0.service == seats[index].name }) else {
                continue
            }
            seats[index].outlive(step.phase, step.change)
        }
        note("the agent dies")
        train = Train(record, policies: policies)
        receive(.began)
    }

    private mutating func answer(_ answers: [SimulatedSeat.Answer], _ index: Int) {
        let name = seats[index].name
        for answer in answers where !isSuperseded(name) {
            switch answer {
            case .fell(let words):
                // What it wrote last is read first, which takes its time.
                fallen.append((name, words))
            case .spawned: receive(.spawned(name))
            case .ready: receive(.becameReady(name))
            case .left:
                let isOutdated =
                    effects.contains(.retire(name)) || fallen.contains { $0.name == name }
                if !isOutdated { receive(.left(name)) }
            }
        }
    }

    /// Another order for it waits for the ledger.
    private func isSuperseded(_ name: ServiceName) -> Bool {
        effects.contains {
            switch $0 {
            case .bring(name, _), .remove(name): true
            default: false
            }
        }
    }

    private mutating func receive(_ event: Train.Event) {
        let fallen = Set(fallen.map(\.name))
        let well = Set(seats.filter { $0.isServed && !fallen.contains($0.name) }.map(\.name))
        let decided = train.receive(
            event, in: Train.Surroundings(time: now) { well.contains($0) })
        if isTracing {
            note("\(event)\n        → \(decided.map(\.inTrace).joined(separator: ", "))")
        }
        effects += decided
        for case .retire(let name) in decided where event == .alarmRang && !well.contains(name) {
            let step = train.record.steps.first { $0.service == name }
            if step?.phase == .draining { hasLostPatience = name }
        }
    }

    private mutating func perform() throws(Violation) {
        while !isRecording, !isFinished, let effect = effects.first {
            if case .record = effect {
                isRecording = true
                return
            }
            effects.removeFirst()
            try perform(effect)
        }
    }

    private mutating func perform(_ effect: Train.Effect) throws(Violation) {
        try expectAnnounced(effect)
        switch effect {
        case .record: break
        case .askHold(let name): asked = name
        case .bring(let name, let side):
            fallen.removeAll { $0.name == name }
            guard let index = index(of: name) else { return }
            let answers = seats[index].bring(side)
            answer(answers, index)
        case .admit(let name):
            guard let index = index(of: name) else { return }
            let answers = seats[index].admit()
            answer(answers, index)
        case .retire(let name):
            guard let index = index(of: name) else { return }
            let answers = seats[index].retire()
            answer(answers, index)
        case .remove(let name):
            fallen.removeAll { $0.name == name }
            if let index = index(of: name) { seats[index].remove() }
        case .adopt: receive(.adopted)
        case .setAlarm(let delay): alarm = delay
        case .clearAlarm: alarm = nil
        case .finished: isFinished = true
        case .reportAnomaly(let event): throw broken("\(event) cannot happen")
        }
    }

    private func index(of name: ServiceName) -> Int? { seats.firstIndex { $0.name == name } }

    private mutating func note(_ words: String) {
        if isTracing { trace.append(words) }
    }
}

extension Train.Effect {
    fileprivate var inTrace: String {
        guard case .record(let record) = self else { return "\(self)" }
        let steps = record.steps.map { "\($0.service) \($0.phase.rawValue)" }
        return "record(\(record.state.rawValue): \(steps.joined(separator: ", ")))"
    }
}
