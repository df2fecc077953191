internal import StackModel

/// Events as lines: time, service, what happened.
struct EventLines {
    let terminal: Terminal
    private var names: GrowingColumn
    private var times = GrowingColumn(width: 8, .right)

    init(terminal: Terminal, names: [ServiceName]) {
        self.terminal = terminal
        self.names = GrowingColumn(names: names)
    }

    /// `width` cuts the line; nil leaves it whole.
    mutating func line(
        _ event: EventRecord, now: Timestamp, showingService: Bool = true, width: Int? = nil
    ) -> String {
        let time = times.fit(event.time.local(now: now))
        let name =
            showingService ? names.fit(displayed(event.service?.text ?? "catalyst")) + "  " : ""
        let used = time.count + 2 + name.cellCount
        let message = displayed(event.message)
        let shown = width.map { message.shortened(to: max(10, $0 - used)) } ?? message
        return terminal.paint(time, .dim) + "  " + name
            + terminal.paint(shown, color(event.priority))
    }

    private func color(_ priority: EventRecord.Priority) -> Terminal.Color? {
        switch priority {
        case .critical, .error: .red
        case .warning: .yellow
        case .notice, .info: nil
        }
    }
}
