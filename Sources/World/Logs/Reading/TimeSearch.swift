internal import StackModel

/// Finds about where in a long file a time begins, by halving: the caller still leaves out what is
/// older.
enum TimeSearch {
    private static let enough = 256 << 10

    /// Moves `source`, a plain file, to a place before the first record since `time`.
    static func move(_ source: LineSource, to time: Timestamp, meaning: LineMeaning) {
        var low = 0
        var high = source.file.size
        while high - low > enough {
            let middle = low + (high - low) / 2
            if let found = firstTime(in: source, from: middle, meaning: meaning), found < time {
                low = middle
            } else {
                high = middle
            }
        }
        source.move(to: low)
        if low > 0 { _ = source.nextLine { _, _ in } }
    }

    /// The first time that is said behind `offset`.
    private static func firstTime(in source: LineSource, from offset: Int, meaning: LineMeaning)
        -> Timestamp?
    {
        source.move(to: offset)
        while let time = source.nextLine({ time(of: $0, at: $1, meaning: meaning) }) {
            if let time { return time }
        }
        return nil
    }

    private static func time(
        of line: UnsafeRawBufferPointer, at offset: Int, meaning: LineMeaning
    ) -> Timestamp? {
        switch meaning.format {
        case .json: JSONLine.parse(line, of: meaning.service)?.time
        case .local: LocalFormat.parse(line, at: offset)?.time
        }
    }
}
