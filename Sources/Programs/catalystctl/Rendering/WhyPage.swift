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
            section("cause", chain(on: terminal), on: terminal),
            facts(on: terminal),
            section("last events", events(on: terminal), on: terminal),
            section("last lines it wrote", logs(on: terminal), on: terminal),
            section("what to do", suggestions, on: terminal),
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

    private func section(_ title: String, _ lines: [String], on terminal: Terminal) -> [String] {
        lines.isEmpty ? [] : [terminal.paint(title, .bold)] + lines.map { "  " + $0 }
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
        var facts: [(String, String)] = [("state", stateWords)]
        if let report = explanation.lastReport { facts.append(("last probe", words(report))) }
        if let body = explanation.lastReport?.body, !body.isEmpty {
            facts.append(("it said", body))
        }
        if let exit = service.lastExit { facts.append(("last exit", exit.description)) }
        if let attempt = service.nextAttempt {
            facts.append(("next try", "in \(humanWait(attempt - now))"))
        }
        if let text = service.statusText { facts.append(("its own words", text)) }
        let width = facts.reduce(0) { max($0, $1.0.count) } + 2
        return facts.flatMap { title, value in
            displayed(value).wrapped(to: max(20, terminal.width - width)).enumerated().map {
                index, line in
                terminal.paint((index == 0 ? title : "").padded(to: width), .dim) + line
            }
        }
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

    private func words(_ report: Report) -> String {
        let outcome =
            switch report.outcome {
            case .healthy: "healthy"
            case .degraded(let reason): "degraded: \(reason)"
            case .failed(let failure): failure.description
            case .unknown(let reason): "could not be asked: \(reason)"
            }
        let age = explanation.lastReportTime.map { ", \(humanDuration(now - $0)) ago" } ?? ""
        return "\(outcome) (\(humanLatency(report.latency))\(age))"
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
        explanation.logs.map { record in
            let text = "\(record.time.local(now: now))  \(displayed(record.text))"
            return terminal.isTerminal ? text.shortened(to: terminal.width - 2) : text
        }
    }

    private var suggestions: [String] {
        explanation.suggestions.map { suggestion in
            let text = displayed(suggestion)
            return text.hasPrefix("catalystctl ")
                ? program + text.dropFirst("catalystctl".count) : text
        }
    }
}
