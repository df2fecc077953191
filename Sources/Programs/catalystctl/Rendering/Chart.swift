internal import StackModel

/// Values over time as an area of dots, with a scale on the left and times below.
struct Chart {
    let points: [TimedValue]
    let from: Timestamp
    let to: Timestamp
    let unit: Metric.Unit

    /// `height` lines, two of them for the time.
    func lines(width: Int, height: Int) -> [String] {
        let rows = max(3, (height - 3) / 2 * 2 + 1)
        let top = scaleTop
        let labels = scaleLabels(rows: rows, top: top)
        let labelWidth = labels.values.map(\.cellCount).max() ?? 0
        let cells = max(10, width - labelWidth - 2)
        let dots = columns(points, from: from, to: to, count: cells * 2)
        let plot = (0..<rows).map { row in
            let label = labels[row] ?? ""
            return label.padded(to: labelWidth, .right) + (label.isEmpty ? " │" : " ┤")
                + line(row, of: rows, dots: dots, top: top)
        }
        let indent = String(repeating: " ", count: labelWidth + 1)
        return plot + [indent + "└" + String(repeating: "─", count: cells)]
            + [indent + " " + timeLabels(cells: cells)]
    }

    /// A round number that no value is above.
    private var scaleTop: Double {
        let greatest = points.lazy.map(\.value).filter(\.isFinite).max() ?? 0
        guard greatest > 0 else { return 1 }
        let isBytes = unit == .bytes || unit == .bytesPerSecond
        var base = 1.0
        let step = isBytes ? 1024.0 : 1000.0
        while greatest / base >= step { base *= step }
        while greatest / base < 1, !isBytes { base /= 10 }
        let round: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, step]
        return base * (round.first { $0 * base >= greatest * 0.999_999 } ?? step)
    }

    private func scaleLabels(rows: Int, top: Double) -> [Int: String] {
        var labels = [0: unit.human(top), rows - 1: "0"]
        // Only a row in the very middle has half of it.
        if rows >= 5, rows % 2 == 1 { labels[rows / 2] = unit.human(top / 2) }
        return labels
    }

    /// One row of cells; each has two columns of four dots.
    private func line(_ row: Int, of rows: Int, dots: [Double?], top: Double) -> String {
        let heights = dots.map { value -> Int? in
            value.map { value in
                // What was measured shows, even if it is nothing.
                max(1, Int((min(1, max(0, value / top)) * Double(rows * 4)).rounded()))
            }
        }
        let below = (rows - 1 - row) * 4
        let cells = stride(from: 0, to: heights.count - 1, by: 2).map { column in
            Self.cell(
                left: (heights[column] ?? 0) - below, right: (heights[column + 1] ?? 0) - below)
        }
        var text = String(String.UnicodeScalarView(cells))
        while text.hasSuffix("\u{2800}") { text.removeLast() }
        return text
    }

    /// A braille character with so many dots in each column, counted from below.
    private static func cell(left: Int, right: Int) -> Unicode.Scalar {
        let leftDots: [UInt32] = [0x40, 0x04, 0x02, 0x01]
        let rightDots: [UInt32] = [0x80, 0x20, 0x10, 0x08]
        let bits =
            leftDots.prefix(max(0, min(4, left))).reduce(0, |)
            | rightDots.prefix(max(0, min(4, right))).reduce(0, |)
        return Unicode.Scalar(0x2800 + bits) ?? " "
    }

    /// The first and the last, and the middle where there is room.
    private func timeLabels(cells: Int) -> String {
        func label(_ time: Timestamp) -> String { String(time.local(now: to).dropLast(3)) }
        let (first, last) = (label(from), label(to))
        let middle = label(to - .nanoseconds((to - from).nanoseconds / 2))
        let room = cells - first.cellCount - last.cellCount
        guard room >= 2 else { return first.shortened(to: cells) }
        guard room >= middle.cellCount + 4 else {
            return first + String(repeating: " ", count: room) + last
        }
        let left = (room - middle.cellCount) / 2
        let right = room - middle.cellCount - left
        return first + String(repeating: " ", count: left) + middle
            + String(repeating: " ", count: right) + last
    }
}
