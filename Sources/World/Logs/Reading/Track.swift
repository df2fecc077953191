internal import Glibc
internal import StackModel

/// One service's records in one format, in order, over all its files and whatever rotation does
/// meanwhile.
final class Track {
    let service: ServiceName
    private let shelf: LogShelf
    private let filter: LogFilter
    private var source: LineSource?
    private var meaning: LineMeaning
    /// Matching records still to be left out.
    private var skip = 0
    private(set) var head: LogRecord?

    /// Rotation may go on while we look; a service that rotates faster than this gets what is
    /// found.
    private static let attemptsMax = 10

    init(
        _ service: ServiceName, _ format: LogShelf.Format, in directory: String, _ filter: LogFilter
    ) {
        self.service = service
        shelf = LogShelf(service, format, in: directory)
        self.filter = filter
        meaning = LineMeaning(service, format)
    }

    var directory: String { shelf.directory }

    /// Goes to where reading begins, and says how many records the tail found.
    func seek(tail: Int?, isCancelled: () -> Bool) -> Int {
        for _ in 0..<Self.attemptsMax where !isCancelled() {
            if let tail {
                if let count = seekTail(tail, isCancelled) { return count }
            } else if seekStart() {
                return 0
            }
        }
        return 0
    }

    /// The oldest file that holds anything since the wanted time. False: rotation interfered.
    private func seekStart() -> Bool {
        let files = wantedFiles()
        guard let oldest = files.last else { return true }
        guard let source = LineSource(oldest) else { return false }
        if let since = filter.since, !oldest.isCompressed {
            TimeSearch.move(source, to: since, meaning: meaning)
        }
        self.source = source
        return true
    }

    /// Newest first; a file both plain and compressed (a crash) counts once.
    private func wantedFiles() -> [LogShelf.File] {
        var seen: Set<Timestamp> = []
        return shelf.files().filter { file in
            // The kernel's clock for files may lag behind by a tick.
            let isRecent = filter.since.map { file.modified >= $0 - .milliseconds(20) } ?? true
            return file.age == 0 || isRecent && seen.insert(file.modified).inserted
        }
    }

    /// Nil: rotation interfered.
    private func seekTail(_ tail: Int, _ isCancelled: () -> Bool) -> Int? {
        var count = 0
        var oldest: LineSource?
        for file in wantedFiles() {
            guard let source = LineSource(file) else { return nil }
            if file.isCompressed {
                let found = matches(in: source, isCancelled)
                guard let again = LineSource(file) else { return nil }
                oldest = again
                count += found
                if count >= tail {
                    skip = count - tail
                    break
                }
                continue
            }
            var scan = BackwardScan(meaning, filter, wanted: tail - count)
            switch scan.scan(source.descriptor, size: file.size, isCancelled: isCancelled) {
            case .found(let offset, let skip):
                source.move(to: offset)
                (self.source, self.skip) = (source, skip)
                return tail
            case .exhausted(let found):
                count += found
                oldest = source
            }
        }
        source = oldest
        return min(count, tail)
    }

    private func matches(in source: LineSource, _ isCancelled: () -> Bool) -> Int {
        var meaning = LineMeaning(service, shelf.format)
        var count = 0
        while !isCancelled(), let line = source.nextLine({ meaning.read($0, at: $1) }) {
            if case .record(let record) = line, filter.matchesText(record) { count += 1 }
        }
        return count
    }

    /// Fills `head`, if there is a record. `isFinal`: nobody waits for more, so an unfinished line
    /// is shown, too.
    func advance(isFinal: Bool) {
        head = nil
        if source == nil { source = firstSource() }
        while let source {
            if let line = source.nextLine({ meaning.read($0, at: $1) }) {
                if accept(line) { return }
                continue
            }
            let isCurrent = source.file.age == 0 && shelf.file(0)?.inode == source.file.inode
            if isCurrent, !isFinal { return }
            // Only now it is known that nothing more comes: what came between the last read and
            // this is still there.
            if !isCurrent, let line = source.nextLine({ meaning.read($0, at: $1) }) {
                if accept(line) { return }
                continue
            }
            if let line = source.rest({ meaning.read($0, at: $1) }), accept(line) { return }
            if isCurrent { return }
            guard let next = successor(of: source) else { return }
            self.source = next
            meaning.reset()
        }
    }

    private func accept(_ line: LineMeaning.Line) -> Bool {
        guard case .record(let record) = line, filter.matchesText(record) else { return false }
        guard skip == 0 else {
            skip -= 1
            return false
        }
        guard filter.matchesTime(record) else { return false }
        head = record
        return true
    }

    /// A service that had no file when we began.
    private func firstSource() -> LineSource? {
        for _ in 0..<Self.attemptsMax {
            guard let oldest = wantedFiles().last else { return nil }
            if let source = LineSource(oldest) { return source }
        }
        return nil
    }

    /// The next younger file. Rotated ones are known by their times, which neither rotation nor
    /// compression changes.
    private func successor(of source: LineSource) -> LineSource? {
        let finished = source.modified
        for _ in 0..<Self.attemptsMax {
            let files = shelf.files()
            let rotated = files.filter { $0.age > 0 && $0.modified > finished }
            let current = files.first { $0.age == 0 && $0.inode != source.file.inode }
            guard let next = rotated.min(by: { $0.modified < $1.modified }) ?? current else {
                return nil
            }
            if let opened = LineSource(next) { return opened }
        }
        return nil
    }
}
