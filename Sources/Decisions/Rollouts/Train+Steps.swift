internal import StackModel

/// One service's way forward.
extension Train {
    /// A soak whose service is not well when it ends is looked at this often, …
    private static let respite = Duration.seconds(1)
    /// … and for so long.
    private static let respitesMax = 300

    mutating func begin() {
        if record.state == .preparing { record.state = .running }
        if record.state.isOver { return then(.finished) }
        guard let index = current else {
            return record.state == .paused ? () : advance(after: .zero)
        }
        switch record.steps[index].phase {
        case .starting, .probing: start(index)
        case .soaking: admit(index)
        case .draining: then(order(toEnd: index))
        case .undoing: giveBack(index)
        case .waiting, .held, .done, .rolledBack, .failed, .skipped: consider(index)
        }
    }

    mutating func receive(_ event: Event, about name: ServiceName) {
        guard let index = record.steps.firstIndex(where: { $0.service == name }) else {
            return then(.reportAnomaly(event))
        }
        let phase = record.steps[index].phase
        // Its step is over: too late to matter.
        if phase.isOver { return }
        switch (phase, event) {
        case (.waiting, .holdAnswered(_, let words)), (.held, .holdAnswered(_, let words)):
            guard isAwaitingHold, index == current else { return then(.reportAnomaly(event)) }
            isAwaitingHold = false
            words.map { hold(index, because: $0) } ?? start(index)
        case (.waiting, _): then(.reportAnomaly(event))
        case (.starting, .spawned): record.steps[index].phase = .probing
        case (.starting, .becameReady), (.probing, .becameReady): admit(index)
        case (.starting, .fell(_, let words)), (.probing, .fell(_, let words)),
            (.soaking, .fell(_, let words)), (.draining, .fell(_, let words)):
            fail(index, because: words)
        case (.draining, .left): end(index)
        case (.undoing, .becameReady): comeBack(index)
        case (.undoing, .fell(_, let words)): failAgain(index, because: words)
        case (.undoing, .left): goneBack(index)
        // The same again, or what an order brought about that was taken back.
        default: return
        }
    }

    mutating func ring(_ surroundings: Surroundings) {
        guard let rang = alarm, let index = current else { return }
        alarm = nil
        switch rang {
        case .hold, .delay: consider(index)
        case .soak where surroundings.isWell(record.steps[index].service): retire(index)
        case .soak where respites < Self.respitesMax:
            respites += 1
            set(.soak, after: Self.respite)
        case .soak: fail(index, because: "was not well at the end of its soak, nor long after it")
        }
    }

    /// To the next service, or to the end.
    mutating func advance(after delay: Duration) {
        if record.state == .undoing { return undoNext() }
        guard let index = current else { return conclude() }
        delay > .zero ? set(.delay, after: delay) : consider(index)
    }

    private mutating func consider(_ index: Int) {
        guard policy(of: index).hold != nil, record.steps[index].change != .added else {
            return start(index)
        }
        isAwaitingHold = true
        then(.askHold(record.steps[index].service))
    }

    private mutating func hold(_ index: Int, because words: String) {
        let hold = policy(of: index).hold ?? Hold(command: [])
        if record.steps[index].phase != .held { record.steps[index].startedAt = now }
        record.steps[index].phase = .held
        record.steps[index].problem = words
        let since = record.steps[index].startedAt ?? now
        guard now - since >= hold.limit else { return set(.hold, after: hold.every) }
        note("held for \((now - since).forPeople): \(words)", of: index)
        close(index, as: .rolledBack)
        decide(after: index)
    }

    mutating func start(_ index: Int) {
        if !record.steps[index].phase.isUnderWay { record.steps[index].startedAt = now }
        if !record.steps[index].wasDone { record.steps[index].problem = nil }
        let isRemoval = record.steps[index].change == .removed
        record.steps[index].phase = isRemoval ? .draining : .starting
        then(isRemoval ? order(toEnd: index) : .bring(record.steps[index].service, .new))
    }

    private mutating func admit(_ index: Int) {
        record.steps[index].phase = .soaking
        then(.admit(record.steps[index].service))
        respites = 0
        let soak = policy(of: index).soak
        soak > .zero ? set(.soak, after: soak) : retire(index)
    }

    private mutating func retire(_ index: Int) {
        record.steps[index].phase = .draining
        then(order(toEnd: index))
    }

    private func order(toEnd index: Int) -> Effect {
        let step = record.steps[index]
        return step.change == .removed ? .remove(step.service) : .retire(step.service)
    }

    private mutating func end(_ index: Int) {
        close(index, as: .done)
        advance(after: policy(of: index).delay)
    }

    mutating func close(_ index: Int, as phase: RolloutStep.Phase) {
        record.steps[index].phase = phase
        record.steps[index].finishedAt = now
    }
}

extension RolloutStep.Phase {
    fileprivate var isUnderWay: Bool { self == .starting || self == .probing }
}
