internal import ControlProtocol
internal import StackModel

/// `catalystctl history`: a bar for each day, or for one service a line for each day.
struct HistoryPage {
    let histories: [ServiceHistory]
    let program: String
    let isDetailed: Bool

    func lines(on terminal: Terminal) -> [String] {
        guard let first = histories.first else { return ["there is no history yet"] }
        if isDetailed, histories.count == 1 { return details(of: first, on: terminal) }
        let days = histories.map(\.days.count).max() ?? 0
        let legend =
            "a bar for each of \(days) day\(days == 1 ? "" : "s"): full is 100%, "
            + "· is a day without data"
        return overview.lines(on: terminal) + [""]
            + legend.wrapped(to: terminal.width).map { terminal.paint($0, .dim) }
            + ["", terminal.next("history \(displayed(first.service.text))", program: program)]
    }

    private var overview: Table {
        Table(
            columns: [
                .init(title: "service"), .init(title: "24h", alignment: .right),
                .init(title: "30d", alignment: .right), .init(title: "days", dropRank: 3),
                .init(title: "restarts", alignment: .right, dropRank: 1),
                .init(title: "alerts", alignment: .right, dropRank: 2),
            ],
            rows: histories.map { history in
                [
                    .init(history.service.text), .availability(history.availability.day),
                    .availability(history.availability.month),
                    .init(history.days.map { Self.bar($0.availability) }.joined()),
                    Self.count(history.days.reduce(0) { $0 + $1.restarts }),
                    Self.count(history.days.reduce(0) { $0 + $1.alerts }),
                ]
            })
    }

    private func details(of history: ServiceHistory, on terminal: Terminal) -> [String] {
        let name = displayed(history.service.text)
        let words = history.availability.words ?? "not watched yet"
        let table = Table(
            columns: [
                .init(title: "day (UTC)"), .init(title: "well", alignment: .right),
                .init(title: "of", alignment: .right, dropRank: 1), .init(title: ""),
                .init(title: "restarts", alignment: .right),
                .init(title: "alerts", alignment: .right),
            ],
            rows: history.days.map { day in
                [
                    .init(String(day.time.description.prefix(10))), .availability(day.availability),
                    day.availability.map { .init(humanDuration($0.watched)) } ?? .nothing,
                    .init(Self.bar(day.availability)), Self.count(day.restarts),
                    Self.count(day.alerts),
                ]
            })
        return [terminal.paint("\(name): \(words)".shortened(to: terminal.width), .bold), ""]
            + table.lines(on: terminal)
            + ["", terminal.next("events --since 7d \(name)", program: program)]
    }

    private static func count(_ number: Int) -> Table.Cell {
        .init("\(number)", number > 0 ? .yellow : .dim)
    }

    /// Steep near the top: 99 % is a quarter of an hour a day.
    private static func bar(_ share: Availability.Share?) -> String {
        guard let share = share?.share else { return "·" }
        let steps: [(Double, String)] = [
            (1, "█"), (0.999, "▇"), (0.99, "▆"), (0.95, "▅"), (0.9, "▄"), (0.7, "▃"), (0.3, "▂"),
        ]
        return steps.first { share >= $0.0 }?.1 ?? "▁"
    }
}
