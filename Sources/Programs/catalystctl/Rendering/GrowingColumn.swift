internal import StackModel

/// A column of a stream: nobody knows what is still to come, so it grows with what has been seen.
struct GrowingColumn {
    private var width: Int
    private let alignment: Alignment

    init(width: Int, _ alignment: Alignment = .left) {
        self.width = width
        self.alignment = alignment
    }

    /// For names of services: wide enough for those asked for, or for the usual ones.
    init(names: [ServiceName]) {
        self.init(width: names.map(\.text.cellCount).max() ?? "orchestration".count)
    }

    mutating func fit(_ text: String) -> String {
        width = max(width, text.cellCount)
        return text.padded(to: width, alignment)
    }
}
