internal import StackModel

/// The way back: of one service, and of all.
extension Train {
    mutating func fail(_ index: Int, because words: String) {
        // What is being removed has nothing that could fail.
        guard record.steps[index].change != .removed else { return }
        note(words, of: index)
        clearAlarm()
        if record.steps[index].wasDone { return giveUp(index) }
        if canGoBack(index) { return giveBack(index) }
        close(index, as: .failed)
        decide(after: index)
    }

    /// A restart that has ended the instance before has nothing else to offer.
    private func canGoBack(_ index: Int) -> Bool {
        record.kind != .restart || record.steps[index].way == .canary
    }

    mutating func note(_ words: String, of index: Int) {
        record.steps[index].problem = words
        guard record.failure == nil else { return }
        record.failure = RolloutFailure(service: record.steps[index].service, reason: words)
    }

    mutating func giveBack(_ index: Int) {
        let step = record.steps[index]
        record.steps[index].phase = .undoing
        (isBack, isGivenUp) = (false, false)
        then(step.change == .added ? .remove(step.service) : .bring(step.service, .old))
    }

    mutating func comeBack(_ index: Int) {
        let step = record.steps[index]
        guard !isBack, step.change != .added else { return }
        isBack = true
        then(.admit(step.service))
        then(.retire(step.service))
    }

    mutating func goneBack(_ index: Int) {
        guard isBack || record.steps[index].change == .added else { return }
        close(index, as: isGivenUp ? .failed : .rolledBack)
        if !isGivenUp { record.failure?.undone.append(record.steps[index].service) }
        decide(after: index)
    }

    /// What was before does not come back. Where the new one was proven, that is the better one to have.
    mutating func failAgain(_ index: Int, because words: String) {
        let step = record.steps[index]
        guard !isBack, step.change != .added else { return }
        let earlier = step.problem.map { "\($0); " } ?? ""
        note("\(earlier)did not come back: \(words)", of: index)
        step.wasDone ? start(index) : giveUp(index)
    }

    /// Neither is any good: what still goes may go, then it is over.
    private mutating func giveUp(_ index: Int) {
        record.steps[index].phase = .undoing
        (isBack, isGivenUp) = (true, true)
        then(.retire(record.steps[index].service))
    }

    /// One service is not what it should be: what becomes of the others?
    mutating func decide(after index: Int) {
        if record.state == .undoing { return undoNext() }
        if record.kind == .restart {
            skipRest()
            return conclude()
        }
        let policy = policy(of: index)
        let failures = record.steps.count { $0.phase == .rolledBack || $0.phase == .failed }
        let isTolerable = Double(failures) <= policy.failureRatioMax * Double(record.steps.count)
        switch policy.failureAction {
        case _ where isTolerable, .continue: advance(after: policy.delay)
        case .pause:
            record.state = .paused
            record.message = "\(failureWords); it waits for you to resume or to cancel it"
        case .rollback:
            record.message = "\(failureWords); all goes back"
            undoAll()
        }
    }

    private mutating func undoAll() {
        record.state = .undoing
        skipRest()
        undoNext()
    }

    mutating func undoNext() {
        if let index = current {
            // It ends first what can only be undone when it is done.
            if record.steps[index].phase.isUndoable(record.steps[index].change) { giveBack(index) }
            return
        }
        guard let index = record.steps.lastIndex(where: { $0.phase == .done && !$0.isStuck })
        else {
            return conclude()
        }
        giveBack(index)
    }

    private mutating func skipRest() {
        for index in record.steps.indices
        where record.steps[index].phase == .waiting || record.steps[index].phase == .held {
            record.steps[index].phase = .skipped
        }
    }

    // What operators want.

    mutating func cancel(by asker: String) {
        guard !isAdopting, record.cancelledBy == nil else { return }
        switch record.state {
        case .preparing, .running, .paused: break
        case .undoing, .succeeded, .failed, .cancelled: return
        }
        record.cancelledBy = asker
        record.message = "is being cancelled by \(asker)"
        isAwaitingHold = false
        record.kind == .restart ? cancelRestart() : cancelAll()
    }

    private mutating func cancelAll() {
        clearAlarm()
        undoAll()
    }

    /// What was restarted stays; what is being restarted keeps its old instance where there still is one.
    private mutating func cancelRestart() {
        skipRest()
        guard let index = current else {
            clearAlarm()
            return conclude()
        }
        switch record.steps[index].phase {
        case .starting, .probing, .soaking:
            guard canGoBack(index) else { return }
            clearAlarm()
            giveBack(index)
        case .waiting, .held, .draining, .done, .undoing, .rolledBack, .failed, .skipped: return
        }
    }

    mutating func resume() {
        guard record.state == .paused else { return }
        record.state = .running
        record.message = nil
        advance(after: .zero)
    }
}

extension RolloutStep.Phase {
    fileprivate func isUndoable(_ change: RolloutStep.Change) -> Bool {
        switch self {
        case .starting, .probing, .soaking: true
        case .draining: change != .removed
        case .waiting, .held, .done, .undoing, .rolledBack, .failed, .skipped: false
        }
    }
}

extension RolloutStep {
    /// Its new instance was proven among users, and its step over.
    var wasDone: Bool { finishedAt != nil }

    /// It was to go back, and could not.
    var isStuck: Bool { phase == .done && problem != nil }
}
