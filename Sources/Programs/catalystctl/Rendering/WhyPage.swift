internal import ControlProtocol
internal import StackModel

/// `catalystctl why`: from what is, over the cause, to what to do.
struct WhyPage {
    let explanation: Explanation
    let program: String
    let now: Timestamp

    func lines(on terminal: Terminal) -> [String] {
        let parts = [
            summary(on: terminal),
            terminal.section("cause", chain(on: terminal)),
            facts(on: terminal),
            terminal.section("last events", events(on: terminal)),
            terminal.section("last lines it wrote", logs(on: terminal)),
            terminal.section("what to do", suggestions),
        ]
        return Array(parts.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private var service: ServiceStatus { explanation.service }

    private func summary(on terminal: Terminal) -> [String] {
        let color = service.concern?.color ?? (service.isWell ? .green : nil)
        return displayed(explanation.summary).wrapped(to: terminal.width).map {
            terminal.paint($0, color)
        }
    }

    private func chain(on terminal: Terminal) -> [String] {
        explanation.chain.enumerated().flatMap { depth, step in
            let indent = String(repeating: "  ", count: min(depth, 10))
            let lead = depth == 0 ? "" : indent.dropLast(2) + "└ "
            return displayed(step).wrapped(to: max(20, terminal.width - 2 - indent.count))
                .enumerated().map { ($0.offset == 0 ? lead : indent) + $0.element }
        }
    }

    private func facts(on terminal: Terminal) -> [String] {
        var facts = Facts()
        facts.add("state", stateWords)
        facts.add("alert", explanation.alert?.title)
        facts.add(explanation.lastReport, age: explanation.lastReportTime.map { now - $0 })
        facts.add("last exit", service.lastExit?.description)
        facts.add("next try", service.nextAttempt.map { "in \(humanWait($0 - now))" })
        facts.add("its own words", service.statusText)
        facts.add("availability", service.availability.words)
        return facts.lines(on: terminal)
    }

    private var stateWords: String {
        var words = "\(service.state.rawValue) for \(humanDuration(now - service.since))"
        if service.hasHealthCheck { words += ", \(service.health.rawValue)" }
        if let pid = service.pid { words += ", pid \(pid)" }
        switch service.restarts {
        case 0: return words
        case 1: return words + ", restarted once"
        default: return words + ", restarted \(service.restarts) times"
        }
    }

    private func events(on terminal: Terminal) -> [String] {
        var lines = EventLines(terminal: terminal, names: [])
        return explanation.events.map { event in
            lines.line(
                event, now: now, showingService: event.service != service.name,
                width: terminal.width - 2)
        }
    }

    private func logs(on terminal: Terminal) -> [String] {
        explanation.logs.map { $0.line(on: terminal, width: terminal.width - 2, now: now) }
    }

    private var suggestions: [String] {
        let own = explanation.alert.map { ["\(program) alerts show \($0.id)"] } ?? []
        return commands(explanation.suggestions, program: program) + own
    }
}

extension Availability {
    /// `99.98% in 24 h, 99.2% in 30 d`; nil: it was never watched.
    var words: String? {
        let parts = [(day, "24 h"), (month, "30 d")].compactMap { share, span in
            share.map { "\(availabilityText($0.share)) in \(span)" }
        }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}
