/// Aligned columns that fit: what matters least is dropped first, and then the widest text is cut.
struct Table {
    struct Column {
        let title: String
        var alignment: Alignment = .left
        /// Columns with the highest rank go first when the terminal is narrow; 0 is never dropped.
        var dropRank = 0
    }

    struct Cell {
        let text: String
        var color: Terminal.Color?

        init(_ text: String, _ color: Terminal.Color? = nil) {
            self.text = displayed(text)
            self.color = color
        }
    }

    private static let gap = 2
    let columns: [Column]
    /// Each with one cell a column.
    let rows: [[Cell]]

    func lines(on terminal: Terminal) -> [String] {
        let natural = columns.indices.map(naturalWidth)
        let shown = fittingColumns(natural, within: terminal.width)
        let widths = narrowed(shown.map { natural[$0] }, within: terminal.width)
        let header = shown.map { Cell(columns[$0].title, .dim) }
        return ([header] + rows.map { row in shown.map { row[$0] } }).map { cells in
            line(
                cells, alignments: shown.map { columns[$0].alignment }, widths: widths, on: terminal
            )
        }
    }

    /// Of a line with all columns, each as wide as its widest cell.
    var naturalWidth: Int {
        columns.indices.reduce(-Self.gap) { $0 + naturalWidth($1) + Self.gap }
    }

    private func naturalWidth(_ column: Int) -> Int {
        rows.reduce(columns[column].title.cellCount) { max($0, $1[column].text.cellCount) }
    }

    private func fittingColumns(_ widths: [Int], within limit: Int) -> [Int] {
        var shown = Array(columns.indices)
        while shown.reduce(-Self.gap, { $0 + widths[$1] + Self.gap }) > limit,
            let victim = shown.max(by: { columns[$0].dropRank < columns[$1].dropRank }),
            columns[victim].dropRank > 0
        {
            shown.removeAll { $0 == victim }
        }
        return shown
    }

    /// Takes from the widest until all fit, but leaves each three cells.
    private func narrowed(_ widths: [Int], within limit: Int) -> [Int] {
        var widths = widths
        var excess = widths.reduce(-Self.gap) { $0 + $1 + Self.gap } - limit
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
            widths[widest] > 3
        {
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(
        _ cells: [Cell], alignments: [Alignment], widths: [Int], on terminal: Terminal
    ) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let text = cell.text.shortened(to: widths[index])
            let padding = String(repeating: " ", count: widths[index] - text.cellCount)
            let painted = terminal.paint(text, cell.color)
            if index > 0 { line += String(repeating: " ", count: Self.gap) }
            if alignments[index] == .right {
                line += padding + painted
            } else {
                line += index == cells.count - 1 ? painted : painted + padding
            }
        }
        return line
    }
}
