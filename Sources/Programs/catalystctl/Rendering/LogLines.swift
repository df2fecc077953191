internal import StackModel

/// What services wrote as lines: time, service in its colour, text.
struct LogLines {
    let terminal: Terminal
    private var names: GrowingColumn
    private var times = GrowingColumn(width: 8, .right)
    private var clock: (second: Int64, text: String) = (.min, "")

    init(terminal: Terminal, names: [ServiceName]) {
        self.terminal = terminal
        self.names = GrowingColumn(names: names)
    }

    mutating func line(_ record: LogRecord) -> String {
        let name = displayed(record.service.text)
        let bar = terminal.paint("|", record.stream == .stderr ? .red : .dim)
        // Escape sequences of a service must not reach a terminal; a file gets what it wrote.
        let text = terminal.isTerminal ? displayed(record.text, keepingTabs: true) : record.text
        let label = terminal.paint(names.fit(name), .of(service: name))
        return "\(terminal.paint(times.fit(time(record.time)), .dim)) \(label) \(bar) \(text)"
    }

    /// Many lines share a second, and asking the time zone is slow.
    private mutating func time(_ timestamp: Timestamp) -> String {
        let second = timestamp.nanoseconds / 1_000_000_000
        if clock.second != second { clock = (second, timestamp.local(now: .now())) }
        return clock.text
    }
}
