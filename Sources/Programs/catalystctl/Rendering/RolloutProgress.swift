internal import ControlProtocol
internal import StackModel

/// What was heard of a rollout so far.
struct RolloutProgress {
    private(set) var rollout: Rollout?
    /// Since when services are in their phases, where they were seen to come into them.
    private var since: [ServiceName: Timestamp] = [:]

    /// What is new in it.
    mutating func receive(_ rollout: Rollout, now: Timestamp) -> [EventRecord] {
        let before = self.rollout
        self.rollout = rollout
        var news: [EventRecord] = []
        if rollout.state != before?.state, !rollout.state.isOver || before == nil {
            let words = "rollout \(rollout.id): \(rollout.title): \(rollout.state.words)"
            news.append(event(nil, words, rollout.state.priority, now))
        }
        for step in rollout.steps {
            let known = before?.steps.first { $0.service == step.service }
            if step.phase != known?.phase { since[step.service] = before == nil ? nil : now }
            if step.phase == (known?.phase ?? .waiting), step.problem == known?.problem { continue }
            let words = step.phase.words + (step.problem.map { ": \($0)" } ?? "")
            news.append(event(step.service, words, step.phase.priority, now))
        }
        return news
    }

    /// Whether `event` tells something that the rollout's own records do not.
    func wants(_ event: EventRecord, on terminal: Terminal) -> Bool {
        switch event.kind {
        case .rolloutBegan, .rolling, .rolloutSucceeded, .rolloutFailed: return rollout == nil
        default: return !terminal.isTerminal || rollout == nil || event.priority <= .warning
        }
    }

    private func event(
        _ service: ServiceName?, _ words: String, _ priority: EventRecord.Priority, _ now: Timestamp
    ) -> EventRecord {
        EventRecord(
            id: 0, time: now, service: service, kind: .rolling, priority: priority, message: words)
    }

    /// The table that is redrawn.
    func lines(on terminal: Terminal, now: Timestamp) -> [String] {
        guard let rollout else { return [] }
        let time = humanSpan((rollout.finishedAt ?? now) - rollout.startedAt)
        let words = displayed("rollout \(rollout.id): \(rollout.title): \(rollout.count), \(time)")
        let headline = terminal.paint(words.shortened(to: terminal.width), rollout.state.color)
        guard !rollout.steps.isEmpty else { return [headline] }
        // Beside the headline, two empty lines, the table's titles and the cursor's line.
        let room = max(1, terminal.height - 6)
        let steps = rollout.shown(room)
        let table = StepTable(steps: steps, since: since, now: now).table.lines(on: terminal)
        let hidden = rollout.steps.count - steps.count
        return ["", headline] + table + (hidden > 0 ? ["… and \(hidden) more"] : [""])
    }
}

extension Rollout {
    /// As many steps as there is room for, those around the one that is under way.
    fileprivate func shown(_ room: Int) -> ArraySlice<RolloutStep> {
        guard steps.count > room else { return steps[...] }
        let current = steps.firstIndex { !$0.phase.isOver } ?? steps.count - 1
        let first = min(max(0, current - 1), steps.count - room)
        return steps[first..<(first + room)]
    }
}

/// The steps of a rollout, one row a service.
struct StepTable {
    let steps: ArraySlice<RolloutStep>
    var since: [ServiceName: Timestamp] = [:]
    let now: Timestamp

    var table: Table {
        var columns: [Table.Column] = [
            .init(title: "service"), .init(title: "phase"),
            .init(title: "time", alignment: .right, dropRank: 1), .init(title: "how", dropRank: 2),
        ]
        let hasProblems = steps.contains { $0.problem != nil }
        if hasProblems { columns.append(.init(title: "problem", dropRank: 3)) }
        let rows = steps.map { step in
            let cells: [Table.Cell] = [
                .init(step.service.text), .init(phase(step), step.phase.color),
                .init(step.time(now: now).map(humanSpan) ?? "–"), .init(step.way.rawValue, .dim),
            ]
            return cells + (hasProblems ? [.init(step.problem ?? "–", step.phase.color)] : [])
        }
        return Table(columns: columns, rows: rows)
    }

    private func phase(_ step: RolloutStep) -> String {
        guard !step.phase.isOver, step.phase != .waiting, let time = since[step.service] else {
            return step.phase.words
        }
        return "\(step.phase.words) \(humanSpan(now - time))"
    }
}
