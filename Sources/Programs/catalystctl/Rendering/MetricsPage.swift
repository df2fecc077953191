internal import ControlProtocol
internal import StackModel

/// `catalystctl metrics`: tables, graphs, or one line for each subject.
struct MetricsPage {
    let series: [Series]
    /// As graphs; empty: a table of all.
    let metrics: [Metric]
    let program: String
    let from: Timestamp
    let now: Timestamp

    func lines(on terminal: Terminal) -> [String] {
        let measured = series.filter { !$0.points.isEmpty }
        guard !measured.isEmpty else { return nothing(on: terminal) }
        if metrics.isEmpty { return tables(measured, on: terminal) }
        let pairs = metrics.flatMap { metric in
            measured.filter { $0.has(metric) }.map { (metric, $0) }
        }
        return pairs.isEmpty ? nothing(on: terminal) : graphs(pairs, on: terminal)
    }

    /// The newest values of each subject, those that matter most first.
    func overview(on terminal: Terminal) -> [String] {
        let measured = series.filter { !$0.points.isEmpty }
        guard let first = measured.first else { return nothing(on: terminal) }
        let width = measured.map { displayed("\($0.subject)").cellCount }.max() ?? 0
        let lines = measured.map { one in
            let name = Terminal.Piece(
                displayed("\(one.subject)").padded(to: width) + "  ", isTitle: true)
            return terminal.line(of: [name] + one.newestPieces, separator: "  ")
        }
        return lines + [
            "", terminal.next("metrics \(displayed("\(first.subject)"))", program: program),
        ]
    }

    private func nothing(on terminal: Terminal) -> [String] {
        let names = metrics.map(\.name).joined(separator: ", ")
        let words =
            "nothing was measured since \(from.local(now: now))"
            + (names.isEmpty ? "" : ": no \(names)")
        return words.wrapped(to: terminal.width) + ["", terminal.next("metrics", program: program)]
    }

    private func tables(_ measured: [Series], on terminal: Terminal) -> [String] {
        let tables = measured.map { one in
            let title = "\(one.subject.words), \(one.account(from: from, now: now))"
            return [terminal.paint(displayed(title).shortened(to: terminal.width), .bold)]
                + one.table(width: terminal.width).lines(on: terminal)
        }
        let subject = displayed("\(measured[0].subject)")
        let metric = measured[0].metrics.first?.name ?? "cpu"
        let next = "metrics \(subject) --metric \(metric)"
        return Array(tables.joined(separator: [""]))
            + ["", terminal.next(next, program: program)]
    }

    /// One below the other while they fit the screen; more than that are lines.
    private func graphs(_ pairs: [(Metric, Series)], on terminal: Terminal) -> [String] {
        let each = (terminal.height - 1) / pairs.count
        guard each >= Self.graphHeightMin || pairs.count == 1 else {
            return rows(pairs, on: terminal)
        }
        let blocks = pairs.map { metric, series in
            graph(metric, series, height: max(Self.graphHeightMin, each) - 1, on: terminal)
        }
        return Array(blocks.joined(separator: [""]))
    }

    private static let graphHeightMin = 7

    private func graph(_ metric: Metric, _ series: Series, height: Int, on terminal: Terminal)
        -> [String]
    {
        let title = displayed("\(series.subject.words): \(metric.help)")
        let account = series.summary(of: metric)
        let chart = Chart(
            points: series.values(of: metric), from: from, to: now, unit: metric.unit)
        return [terminal.paint(title.shortened(to: terminal.width), .bold)]
            + chart.lines(width: terminal.width, height: height - 2)
            + [account.shortened(to: terminal.width)]
    }

    private func rows(_ pairs: [(Metric, Series)], on terminal: Terminal) -> [String] {
        let names = pairs.map { displayed("\($1.subject) \($0.name)") }
        let width = names.map(\.cellCount).max() ?? 0
        return zip(pairs, names).map { pair, name in
            let (metric, series) = pair
            let room = max(8, min(60, terminal.width - width - 36))
            let line = Sparkline(
                points: series.values(of: metric), from: from, to: now, floor: 0
            ).text(cells: room)
            return "\(name.padded(to: width))  \(line)  \(series.summary(of: metric))"
                .shortened(to: terminal.width)
        }
    }
}
