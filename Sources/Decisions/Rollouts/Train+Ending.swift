internal import StackModel

/// How it ends, in a state and in words.
extension Train {
    mutating func conclude() {
        isAdopting = true
        then(.adopt(record.state == .undoing ? .old : .new))
    }

    mutating func finish() {
        isAdopting = false
        let wasUndone = record.state == .undoing
        record.finishedAt = now
        record.state = outcome
        record.message = words(wasUndone: wasUndone)
        then(.finished)
    }

    private var outcome: Rollout.State {
        let phases = record.steps.map(\.phase)
        if phases.contains(.failed) || record.steps.contains(where: \.isStuck) { return .failed }
        if record.state != .undoing, phases.allSatisfy({ $0 == .done }) { return .succeeded }
        return record.cancelledBy == nil ? .failed : .cancelled
    }

    var failureWords: String {
        guard let failure = record.failure else { return "failed" }
        return "\(failure.service?.text ?? "it") failed: \(failure.reason)"
    }

    private func words(wasUndone: Bool) -> String {
        let done = record.steps.count { $0.phase == .done }
        switch record.state {
        case .succeeded where record.steps.isEmpty: return "nothing had to be changed"
        case .succeeded: return rolled(services(done))
        case .cancelled:
            let began = "cancelled by \(record.cancelledBy ?? "somebody")"
            let before = record.failure == nil ? [] : [failureWords]
            return ([began] + before + ending(done, wasUndone)).joined(separator: "; ")
        default: return ([failureWords] + ending(done, wasUndone)).joined(separator: "; ")
        }
    }

    /// What became of the services.
    private func ending(_ done: Int, _ wasUndone: Bool) -> [String] {
        var words: [String] = []
        let back = record.steps.filter { $0.phase == .rolledBack }
        let stuck = record.steps.filter(\.isStuck).map(\.service.text)
        let broken = record.steps.filter { $0.phase == .failed }.map(\.service.text)
        if !wasUndone, done > 0 {
            words.append(rolled("\(done) of \(services(record.steps.count))"))
        }
        if !back.isEmpty {
            let which = back.count == 1 ? back[0].service.text : "\(back.count) services"
            let place = record.previousRelease.map { "back on \($0)" } ?? "what they were"
            let verb = back.count == 1 ? "is" : "are"
            words.append("\(which) \(verb) \(record.kind == .restart ? "as before" : place)")
        }
        if !stuck.isEmpty { words.append("could not go back: \(stuck.joined(separator: ", "))") }
        if !broken.isEmpty, wasUndone || broken != [record.failure?.service?.text] {
            words.append("not well: \(broken.joined(separator: ", "))")
        }
        if words.isEmpty { words.append("nothing was changed") }
        return words
    }

    private func services(_ count: Int) -> String { count == 1 ? "1 service" : "\(count) services" }

    private func rolled(_ subject: String) -> String {
        guard record.kind != .restart else { return "\(subject) restarted" }
        let verb = record.kind == .rollback ? "rolled back" : "rolled"
        return "\(subject) \(verb)" + (record.release.map { " to \($0)" } ?? "")
    }
}

extension Duration {
    /// `850ms`, `12s`, `4m 12s`, `1h 3m`.
    var forPeople: String {
        let whole = max(0, milliseconds) / 1000
        if whole == 0 { return "\(max(0, milliseconds))ms" }
        if whole < 60 { return "\(whole)s" }
        if whole < 3600 { return "\(whole / 60)m \(whole % 60)s" }
        return "\(whole / 3600)h \(whole / 60 % 60)m"
    }
}
