internal import StackModel

/// A value that holds for a while.
struct TimedValue: Equatable {
    let time: Timestamp
    var length: Duration = .zero
    let value: Double
}

/// The greatest value in each of `count` equal parts of a span; nil: there is none.
func columns(_ points: [TimedValue], from: Timestamp, to: Timestamp, count: Int) -> [Double?] {
    var columns = [Double?](repeating: nil, count: max(0, count))
    let span = (to - from).seconds
    guard span > 0, count > 0 else { return columns }
    for point in points where point.value.isFinite {
        let begin = (point.time - from).seconds / span * Double(count)
        let end = begin + point.length.seconds / span * Double(count)
        guard end >= 0, begin <= Double(count) else { continue }
        // At least its first column; the one in which it ends belongs to the next.
        let first = Int(max(0, min(begin, Double(count - 1))))
        let last = max(first, min(count - 1, Int(end.rounded(.up)) - 1))
        for column in first...last {
            columns[column] = max(columns[column] ?? point.value, point.value)
        }
    }
    return columns
}

/// Values over time in one line of blocks.
struct Sparkline {
    let points: [TimedValue]
    let from: Timestamp
    let to: Timestamp
    /// The full height is the greatest value, but no less than this: idling is no mountain range.
    let floor: Double

    private static let blocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    func text(cells: Int) -> String {
        let values = columns(points, from: from, to: to, count: cells)
        let top = max(floor, values.compactMap { $0 }.max() ?? 0)
        return values.map { value in
            guard let value else { return " " }
            let share = top > 0 ? min(1, max(0, value / top)) : 0
            return Self.blocks[Int((share * 7).rounded())]
        }.joined()
    }
}
