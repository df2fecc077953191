import Rollouts
import StackModel
import TestSupport
import Testing

/// A rollout of services `a`, `b` …, told event by event: what happened, what is to be done, and what the record says
/// from then on. A second passes with each event, and what it was set to with each alarm.
struct TrainStory {
    var record: Rollout
    var policies: [ServiceName: StepPolicy] = [:]
    /// These do not serve users well.
    var unwell: Set<ServiceName> = []
    private(set) var train: Train?
    private var now = Timestamp(nanoseconds: 0)
    private var alarm = Duration.zero
    private var rows: [[String]] = []

    init(_ kind: Rollout.Kind = .deploy, _ steps: RolloutStep...) {
        record = Rollout(id: 1, kind: kind, state: .running, askedBy: "root", startedAt: now)
        record.steps = steps
        if kind != .restart { (record.release, record.previousRelease) = ("new", "old") }
        for step in steps {
            var spec = ServiceSpec(name: step.service, command: ["/bin/true"])
            spec.update.monitor = Seconds(wrappedValue: .seconds(10))
            policies[step.service] = StepPolicy(
                spec, in: StackSpec(name: "story", services: [spec]), kind: kind, isAlone: false)
        }
    }

    func with(_ name: ServiceName, _ change: (inout StepPolicy) -> Void) -> TrainStory {
        var story = self
        story.policies[name].map {
            var policy = $0
            change(&policy)
            story.policies[name] = policy
        }
        return story
    }

    func with(_ change: (inout Rollout) -> Void) -> TrainStory {
        var story = self
        change(&story.record)
        return story
    }

    /// What happened before what is told.
    func after(_ events: Train.Event...) -> TrainStory {
        var story = self
        for event in events { story.receive(event) }
        story.rows = []
        return story
    }

    @discardableResult
    mutating func receive(_ event: Train.Event) -> [Train.Effect] {
        var train = train ?? Train(record, policies: policies)
        let pause = event == .alarmRang ? alarm : .seconds(1)
        now = Timestamp(nanoseconds: now.nanoseconds + pause.nanoseconds)
        let effects = train.receive(
            event, in: Train.Surroundings(time: now) { [unwell] in !unwell.contains($0) })
        for case .setAlarm(let delay) in effects { alarm = delay }
        let words = effects.map(\.words).joined(separator: ", ")
        rows.append([event.words, "→ " + (words.isEmpty ? "–" : words)])
        self.train = train
        return effects
    }

    /// Expects that it goes as `transcript` says.
    @discardableResult
    func expect(
        _ events: [Train.Event], _ transcript: String,
        at location: SourceLocation = #_sourceLocation
    ) -> Rollout {
        var story = self
        for event in events { story.receive(event) }
        expectText(table(story.rows), transcript, at: location)
        return story.train?.record ?? record
    }
}

extension [Train.Event] {
    /// A step from its beginning to its end.
    static func rolled(_ name: ServiceName) -> [Train.Event] {
        [.spawned(name), .becameReady(name), .alarmRang, .left(name)]
    }
}

extension RolloutStep {
    static func canary(_ name: ServiceName, _ change: Change = .source) -> RolloutStep {
        RolloutStep(name, change, .canary)
    }
    static func stopFirst(_ name: ServiceName, _ change: Change = .source) -> RolloutStep {
        RolloutStep(name, change, .stopFirst)
    }
}

extension Train.Event {
    var words: String {
        switch self {
        case .began: "began"
        case .holdAnswered(let name, let words): "\(name) \(words.map { "held: \($0)" } ?? "free")"
        case .spawned(let name): "\(name) spawned"
        case .becameReady(let name): "\(name) ready"
        case .fell(let name, let words): "\(name) fell: \(words)"
        case .left(let name): "\(name) left"
        case .adopted: "adopted"
        case .alarmRang: "alarm"
        case .cancelRequested(let asker): "\(asker) cancels"
        case .resumeRequested: "resume"
        }
    }
}

extension Train.Effect {
    var words: String {
        switch self {
        case .record(let record): "[\(record.inStory)]"
        case .askHold(let name): "ask hold of \(name)"
        case .bring(let name, let side): "bring \(side.rawValue) \(name)"
        case .admit(let name): "admit \(name)"
        case .retire(let name): "retire \(name)"
        case .remove(let name): "remove \(name)"
        case .adopt(let side): "adopt \(side.rawValue)"
        case .setAlarm(let delay): "alarm \(delay.words)"
        case .clearAlarm: "no alarm"
        case .finished: "finished"
        case .reportAnomaly: "anomaly"
        }
    }
}

extension Rollout {
    fileprivate var inStory: String {
        let steps = steps.map { "\($0.service) \($0.phase.rawValue)" }.joined(separator: ", ")
        switch state {
        case .running: return steps
        case .succeeded, .failed, .cancelled: return "\(state.rawValue): \(message ?? "")"
        case .preparing, .paused, .undoing: return "\(state.rawValue); \(steps)"
        }
    }
}
