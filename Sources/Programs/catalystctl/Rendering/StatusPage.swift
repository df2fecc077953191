internal import ControlProtocol
internal import StackModel

/// `catalystctl status`: headline, table, what is wrong, notes, and what to type next.
struct StatusPage {
    let status: StackStatus
    /// How this agent is asked: `catalystctl`, with its `--socket` if one was named.
    let program: String
    /// One screen of trouble; the rest is counted.
    static let concernsMax = 20

    func lines(on terminal: Terminal) -> [String] { lines(on: terminal, showing: status.services) }

    /// At most `heightMax` lines, if that can be: services that are well are left out of the table.
    func lines(on terminal: Terminal, heightMax: Int) -> [String] {
        let all = lines(on: terminal)
        let excess = all.count - heightMax
        guard excess > 0 else { return all }
        // One row more goes for the line that says so.
        let room = max(0, status.services.count - excess - 1)
        let wanting = Set(status.concerns.prefix(room).map(\.service.name))
        let well = status.services.filter { $0.concern == nil }.map(\.name)
        let shown = wanting.union(well.prefix(room - wanting.count))
        return lines(on: terminal, showing: status.services.filter { shown.contains($0.name) })
    }

    private func lines(on terminal: Terminal, showing services: [ServiceStatus]) -> [String] {
        var lines = [headline(on: terminal)] + HostLines(status: status).lines(on: terminal)
        if !services.isEmpty { lines += [""] + table(of: services).lines(on: terminal) }
        let hidden = status.services.count - services.count
        if hidden > 0 { lines.append("… and \(hidden) more") }
        let details = concernLines(on: terminal) + noteLines(on: terminal)
        if !details.isEmpty { lines += [""] + details }
        if let next = nextLine(on: terminal) { lines += ["", next] }
        return lines
    }

    func headline(on terminal: Terminal) -> String {
        let name = displayed(status.stack)
        let wanted = status.services.filter(\.wanted)
        let concerns = status.concerns
        var text: String
        if status.services.isEmpty {
            text = "no services"
        } else if wanted.isEmpty {
            text = concerns.isEmpty ? "down" : "going down"
        } else {
            text = "\(wanted.count(where: \.isWell)) of \(wanted.count) healthy"
        }
        for concern in Concern.allCases {
            let count = concerns.count { $0.concern == concern }
            if count > 0 { text += ", \(count) \(concern.word)" }
        }
        let stopped = status.services.count { !$0.wanted && $0.state == .down }
        if stopped > 0, !wanted.isEmpty { text += ", \(stopped) stopped" }
        let shown = "\(name): \(text)".shortened(to: terminal.width)
        let color = status.isWell ? Terminal.Color.green : concerns.first?.concern.color
        return terminal.paint(shown, color)
    }

    private func table(of services: [ServiceStatus]) -> Table {
        StatusTable(status: status, services: services).table
    }

    private func concernLines(on terminal: Terminal) -> [String] {
        let concerns = status.concerns
        let shown = concerns.prefix(Self.concernsMax)
        let width = shown.reduce(0) { max($0, $1.service.name.text.cellCount) }
        var lines = shown.map { service, concern in
            let name = displayed(service.name.text).padded(to: width)
            let text = "\(name)  \(service.account(of: concern, at: status.time))"
            return terminal.paint(concern.symbol, concern.color) + " "
                + text.shortened(to: terminal.width - 2)
        }
        if concerns.count > shown.count {
            lines.append("… and \(concerns.count - shown.count) more: \(program) health")
        }
        return lines
    }

    private func noteLines(on terminal: Terminal) -> [String] {
        status.remarks.flatMap { remark in
            displayed(remark).wrapped(to: terminal.width - 2)
                .enumerated().map { $0.offset == 0 ? $0.element : "  " + $0.element }
        }
    }

    private func nextLine(on terminal: Terminal) -> String? {
        nextCommand.map { terminal.next($0, program: program) }
    }

    private var nextCommand: String? {
        let concerns = status.concerns
        // What several suffer from is told by its alert, not by one of them.
        if let alert = status.firing.first, alert.subject.service == nil || !alert.blocked.isEmpty {
            return "alerts show \(alert.id)"
        }
        if let worst = concerns.first, worst.concern.isTrouble || worst.concern == .held {
            return "why \(displayed(worst.service.name.text))"
        }
        if !status.firing.isEmpty { return "alerts" }
        if let rollout = status.host.rollout { return "rollouts show \(rollout.id) --follow" }
        if !concerns.isEmpty { return "status --watch" }
        return status.services.allSatisfy { !$0.wanted } && !status.services.isEmpty ? "up" : nil
    }
}
