internal import ControlProtocol
internal import StackModel

/// The screen of `top`: the host, a line a service with its CPU over the last minutes, the keys.
struct TopPage {
    let program: String
    /// What the sparklines show.
    let past: Duration
    var status: StackStatus?
    var view = TopView()
    /// The lines of `TopView.Pane.why` and `.logs`.
    var text: [String] = []
    /// Why the agent could not be asked lately.
    var problem: String?
    private var history: [ServiceName: [TimedValue]] = [:]

    init(program: String, past: Duration) {
        self.program = program
        self.past = past
    }

    /// Takes a new status, and its CPU into the history.
    mutating func show(_ status: StackStatus) {
        // A longer time without an agent is a gap.
        let length = self.status.map { min(status.time - $0.time, .seconds(60)) } ?? .zero
        self.status = status
        for service in status.services {
            guard let cpu = service.cpu else { continue }
            let value = TimedValue(time: status.time - length, length: length, value: cpu)
            history[service.name, default: []].append(value)
        }
        forget(before: status.time - past)
    }

    /// What was measured before the first look.
    mutating func remember(_ series: [Series]) {
        for one in series {
            guard let name = one.subject.service else { continue }
            let earlier = one.values(of: .cpu)
            history[name] = earlier + (history[name] ?? [])
        }
    }

    private mutating func forget(before time: Timestamp) {
        for name in history.keys { history[name]?.removeAll { $0.time < time } }
        let names = Set(status?.services.map(\.name) ?? [])
        history = history.filter { names.contains($0.key) }
    }

    /// On a terminal at most as many as it has; otherwise all.
    func lines(on terminal: Terminal) -> [String] {
        guard let status else { return [] }
        let head = self.head(status, on: terminal)
        guard terminal.isTerminal else {
            return head + [""] + table(view.sorted(status.services), status, on: terminal)
        }
        let room = max(1, terminal.height - head.count - 3)
        let body = Array(self.body(status, room: room, on: terminal).prefix(room + 1))
        let padding = [String](repeating: "", count: max(0, room + 1 - body.count))
        return Array((head + [""] + body + padding + [keys(on: terminal)]).suffix(terminal.height))
    }

    private func head(_ status: StackStatus, on terminal: Terminal) -> [String] {
        let clock = terminal.isTerminal ? status.time.local(now: status.time) : ""
        var room = terminal
        room.width -= clock.isEmpty ? 0 : clock.count + 2
        let plain = StatusPage(status: status, program: program)
        let width = plain.headline(on: Terminal(width: room.width)).cellCount
        let gap = String(repeating: " ", count: max(0, terminal.width - width - clock.count))
        let first =
            plain.headline(on: room) + (clock.isEmpty ? "" : gap + terminal.paint(clock, .dim))
        let lost = problem.map {
            terminal.paint(
                displayed("waiting for the agent: \($0)").shortened(to: terminal.width), .red)
        }
        return [first] + HostLines(status: status).lines(on: terminal) + (lost.map { [$0] } ?? [])
    }

    private func body(_ status: StackStatus, room: Int, on terminal: Terminal) -> [String] {
        switch view.pane {
        case .table:
            let sorted = view.sorted(status.services)
            return table(window(sorted, room: room), status, on: terminal)
        case .help: return Self.help.map { $0.shortened(to: terminal.width) }
        case .why(let name):
            return text.isEmpty ? ["nothing is known of \(displayed(name.text))"] : text
        case .logs(let name):
            return text.isEmpty
                ? ["\(displayed(name.text)) has written nothing"] : text.suffix(room + 1)
        }
    }

    /// The part of a long list that has the selected one in it.
    private func window(_ services: [ServiceStatus], room: Int) -> [ServiceStatus] {
        let index = services.firstIndex { $0.name == view.selected } ?? 0
        let first = max(0, min(index - room / 2, services.count - room))
        return Array(services.dropFirst(first).prefix(room))
    }

    private func keys(on terminal: Terminal) -> String {
        let words =
            view.pane == .table
            ? "q quit  s sort (\(view.order))  ↑↓ select  w why  l lines  ? help"
            : "any key: back  w why  l lines"
        return terminal.paint(words.shortened(to: terminal.width), .dim)
    }

    private static let help = [
        "q        quit", "s        sort by name, cpu, memory",
        "↑ ↓      select a service (or k, j)",
        "w        why the selected one is as it is (or Enter)", "l        its last lines",
        "Esc      back to the table", "",
        "cpu is a share of one core; the bars are its last five minutes, newest right.",
    ]
}

extension TopPage {
    private func table(_ services: [ServiceStatus], _ status: StackStatus, on terminal: Terminal)
        -> [String]
    {
        // What the other columns leave goes to the sparkline.
        let bare = rows(services, sparkCells: 0).naturalWidth
        let cells = max(0, min(60, terminal.width - bare - 2))
        let table = rows(services, sparkCells: cells < 7 ? 0 : cells)
        var lines = table.lines(on: terminal)
        if let index = services.firstIndex(where: { $0.name == view.selected }) {
            // Other colours would end this one.
            let plain = table.lines(on: Terminal(width: terminal.width))[index + 1]
            lines[index + 1] = terminal.paint(plain, .reverse)
        }
        return lines
    }

    private func rows(_ services: [ServiceStatus], sparkCells: Int) -> Table {
        let spark = sparkCells > 0
        return Table(
            columns: [
                .init(title: ""), .init(title: "service"), .init(title: "state", dropRank: 1),
                .init(title: "cpu", alignment: .right),
                .init(title: "memory", alignment: .right, dropRank: 2),
                .init(title: "proc", alignment: .right, dropRank: 5),
                .init(title: "restarts", alignment: .right, dropRank: 4),
                .init(title: "probe", alignment: .right, dropRank: 3),
            ] + (spark ? [.init(title: "cpu, 5m", dropRank: 6)] : []),
            rows: services.map { row($0) + (spark ? [bars($0, cells: sparkCells)] : []) })
    }

    private func row(_ service: ServiceStatus) -> [Table.Cell] {
        let memory = service.memory.map {
            $0.description + (service.memoryLimit.map { "/\($0)" } ?? "")
        }
        return [
            .init(service.name == view.selected ? "›" : " "), .init(service.name.text),
            .init(service.condition, service.concern?.color),
            service.cpu.map { .init(percentage($0)) } ?? .nothing,
            memory.map { .init($0) } ?? .nothing,
            service.processes.map { .init("\($0)") } ?? .nothing,
            .init("\(service.restarts)", service.restarts > 0 ? .yellow : nil),
            service.latency > .zero ? .init(humanLatency(service.latency)) : .nothing,
        ]
    }

    private func bars(_ service: ServiceStatus, cells: Int) -> Table.Cell {
        guard let now = status?.time else { return .nothing }
        let line = Sparkline(
            points: history[service.name] ?? [], from: now - past, to: now, floor: 0.1)
        return .init(line.text(cells: cells), .cyan)
    }
}

extension ServiceStatus {
    /// How it is, in one word: what its probes say while it is up, otherwise its state.
    fileprivate var condition: String {
        state == .up && health != .unknown ? health.rawValue : state.rawValue
    }
}
