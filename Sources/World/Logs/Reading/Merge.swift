internal import StackModel

/// Several tracks as one, the earliest record first.
struct Merge {
    private let tracks: [Track]
    /// The tracks' heads' times; `.max`: it has none.
    private var times: [Int64]
    private var isFinal = true
    /// Records too many, where a service has a tail in both formats.
    private var surplus: [ServiceName: Int] = [:]

    init(tracks: [Track]) {
        self.tracks = tracks
        times = Array(repeating: .max, count: tracks.count)
    }

    var directories: Set<String> { Set(tracks.map(\.directory)) }

    mutating func seek(tail: Int?, isCancelled: () -> Bool) {
        var found: [ServiceName: Int] = [:]
        for track in tracks {
            found[track.service, default: 0] += track.seek(tail: tail, isCancelled: isCancelled)
        }
        if let tail { surplus = found.mapValues { $0 - tail }.filter { $0.value > 0 } }
    }

    /// Looks again at tracks that had come to their end.
    mutating func refresh(isFinal: Bool) {
        self.isFinal = isFinal
        for index in tracks.indices where times[index] == .max { advance(index) }
    }

    mutating func next() -> LogRecord? {
        while true {
            // 1,000 comparisons of neighbours cost less than reading the record does.
            guard let index = times.indices.min(by: { times[$0] < times[$1] }),
                let record = tracks[index].head
            else { return nil }
            advance(index)
            guard let extra = surplus[record.service], extra > 0 else { return record }
            surplus[record.service] = extra - 1
        }
    }

    private mutating func advance(_ index: Int) {
        tracks[index].advance(isFinal: isFinal)
        times[index] = tracks[index].head?.time.nanoseconds ?? .max
    }
}
