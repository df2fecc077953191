internal import StackModel

/// `catalystctl alerts`: the open ones, the worst first; below them, where asked for, the others.
struct AlertsPage {
    let alerts: [Alert]
    let program: String
    let now: Timestamp
    /// `--since`, `--all`: whether alerts that are over belong here, too.
    var isPast = false

    func lines(on terminal: Terminal) -> [String] {
        let sorted = alerts.inOrder()
        let blocks = sorted.map { block($0, on: terminal) }
        let parts = [headline(on: terminal)] + blocks + [next(sorted, on: terminal)]
        return Array(parts.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private func headline(on terminal: Terminal) -> [String] {
        let firing = alerts.filter { $0.state == .firing }
        let pending = alerts.count { $0.state == .pending }
        var words = firing.count.map { "open: \($0)" } ?? "no alert is open"
        if pending > 0 { words += "; \(pending) pending" }
        let worst = firing.map(\.severity).max()
        return [terminal.paint(words.shortened(to: terminal.width), worst?.color ?? .green)]
    }

    private func block(_ alert: Alert, on terminal: Terminal) -> [String] {
        let indent = "    "
        let room = max(20, terminal.width - indent.count)
        let details =
            [alert.life(now: now)] + alert.marks + (alert.blocks.map { [$0] } ?? [])
        let title = displayed(alert.title).wrapped(to: max(20, terminal.width - 2))
        return title.enumerated().map { index, line in
            (index == 0 ? terminal.paint(alert.symbol, alert.color) + " " : "  ") + line
        }
            + details.flatMap { displayed($0).wrapped(to: room) }.map {
                indent + terminal.paint($0, .dim)
            }
    }

    private func next(_ sorted: [Alert], on terminal: Terminal) -> [String] {
        if let first = sorted.first {
            return [terminal.next("alerts show \(first.id)", program: program)]
        }
        return isPast ? [] : [terminal.next("alerts --since 24h", program: program)]
    }
}
