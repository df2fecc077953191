internal import ControlProtocol
internal import StackModel

/// `catalystctl alerts show`: all that is known about one alert, and what to do.
struct AlertPage {
    let reply: AlertReply
    let program: String
    let now: Timestamp

    func lines(on terminal: Terminal) -> [String] {
        let parts = [
            headline(on: terminal),
            facts(on: terminal),
            terminal.section("measures", measures(on: terminal)),
            terminal.section("last lines it wrote", logs(on: terminal)),
            terminal.section("what changed lately", changes(on: terminal)),
            terminal.section("its life", life(on: terminal)),
            terminal.section("what to do", suggestions),
        ]
        return Array(parts.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private var alert: Alert { reply.alert }
    private var evidence: Evidence { reply.alert.evidence }

    private func headline(on terminal: Terminal) -> [String] {
        let title = displayed(alert.title).wrapped(to: terminal.width)
        let details = [alert.life(now: now)] + alert.marks
        return title.map { terminal.paint($0, alert.color) }
            + details.flatMap { displayed($0).wrapped(to: terminal.width) }
    }

    private func facts(on terminal: Terminal) -> [String] {
        var facts = Facts()
        facts.add("blocks", alert.blocked.map(\.text).joined(separator: ", "))
        facts.add("last exit", evidence.exit?.description)
        facts.add(evidence.lastReport)
        return facts.lines(on: terminal)
    }

    private func measures(on terminal: Terminal) -> [String] {
        let sorted = evidence.measures.sorted { $0.key.rawValue < $1.key.rawValue }
        let width = sorted.reduce(0) { max($0, $1.key.name.count) }
        return sorted.map { metric, value in
            "\(metric.name.padded(to: width))  \(metric.unit.human(value))"
                .shortened(to: terminal.width - 2)
        }
    }

    private func logs(on terminal: Terminal) -> [String] {
        evidence.lines.map { $0.line(on: terminal, width: terminal.width - 2, now: now) }
    }

    private func changes(on terminal: Terminal) -> [String] {
        var lines = EventLines(terminal: terminal, names: evidence.changes.compactMap(\.service))
        return evidence.changes.map { lines.line($0, now: now, width: terminal.width - 2) }
    }

    private func life(on terminal: Terminal) -> [String] {
        let times = reply.events.map { $0.time.local(now: now) }
        let width = times.reduce(0) { max($0, $1.count) }
        return zip(reply.events, times).flatMap { event, time in
            let kind = event.kind.rawValue.padded(to: Self.kindWidth)
            let lead = "\(time.padded(to: width, .right))  \(kind)  "
            let indent = String(repeating: " ", count: lead.cellCount)
            let room = max(20, terminal.width - 2 - lead.cellCount)
            return displayed(event.message).wrapped(to: room).enumerated().map { index, line in
                terminal.paint(index == 0 ? lead : indent, .dim)
                    + terminal.paint(line, event.color)
            }
        }
    }

    private static let kindWidth = AlertEvent.Kind.allCases.reduce(0) {
        max($0, $1.rawValue.count)
    }

    private var suggestions: [String] {
        let own = alert.isOver || alert.acknowledgedBy != nil ? [] : ["alerts ack \(alert.id)"]
        return commands(evidence.suggestions, program: program) + own.map { "\(program) \($0)" }
    }
}

extension AlertEvent {
    fileprivate var color: Terminal.Color? {
        switch kind {
        case .fired, .escalated, .reminded: alert.severity.color
        case .resolved: .green
        case .spread, .acknowledged, .silenced, .test: nil
        }
    }
}

extension LogRecord {
    /// On a terminal cut to `width`; a file gets it whole.
    func line(on terminal: Terminal, width: Int, now: Timestamp) -> String {
        let text = "\(time.local(now: now))  \(displayed(self.text))"
        return terminal.isTerminal ? text.shortened(to: width) : text
    }
}
