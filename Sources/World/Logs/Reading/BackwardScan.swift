internal import Glibc
internal import StackModel

/// Counts matching records from a file's end, without reading more of it than that needs.
struct BackwardScan {
    enum Outcome {
        /// Read on from `offset`, leaving out the first `skip` matching records.
        case found(offset: Int, skip: Int)
        case exhausted(count: Int)
    }

    let meaning: LineMeaning
    let filter: LogFilter
    private var wanted: Int
    /// Matching records whose header was met, and those whose header is still to come.
    private var count = 0
    private var ungoverned = 0

    private static let blockBytes = 64 << 10

    init(_ meaning: LineMeaning, _ filter: LogFilter, wanted: Int) {
        self.meaning = meaning
        self.filter = filter
        self.wanted = wanted
    }

    mutating func scan(_ descriptor: Int32, size: Int, isCancelled: () -> Bool) -> Outcome {
        if wanted == 0 { return .found(offset: size, skip: 0) }
        var end = size
        // The end of a line whose beginning is in an earlier block.
        var carry: [UInt8] = []
        while end > 0, !isCancelled() {
            let start = max(0, end - Self.blockBytes)
            guard var block = Self.block(descriptor, start..<end) else { break }
            // The newline that ends the file begins no line.
            if end == size, block.last == newline { block.removeLast() }
            block += carry
            let (outcome, firstLineEnd) = visit(block, at: start)
            if let outcome { return outcome }
            carry = Array(block[..<firstLineEnd])
            if carry.count > LogLimits.fileLineBytesMax { carry = [] }
            end = start
        }
        if let outcome = carry.withUnsafeBytes({ visit($0, at: 0) }) { return outcome }
        return .exhausted(count: count)
    }

    /// Visits all lines but the first, which may begin in the block before.
    private mutating func visit(_ block: [UInt8], at start: Int) -> (Outcome?, firstLineEnd: Int) {
        block.withUnsafeBytes { bytes in
            var lineEnd = bytes.count
            while let found = LineCut.lastNewline(
                in: UnsafeRawBufferPointer(rebasing: bytes[..<lineEnd]))
            {
                let line = UnsafeRawBufferPointer(rebasing: bytes[(found + 1)..<lineEnd])
                if let outcome = visit(line, at: start + found + 1) { return (outcome, 0) }
                lineEnd = found
            }
            return (nil, lineEnd)
        }
    }

    private mutating func visit(_ line: UnsafeRawBufferPointer, at offset: Int) -> Outcome? {
        guard line.count > 0 || meaning.format == .local else { return nil }
        switch meaning.readBackward(line, at: offset) {
        case .rubbish:
            return nil
        case .record(let record):
            guard filter.matchesText(record) else { return nil }
            ungoverned += 1
            return meaning.format == .json ? govern(at: offset) : nil
        case .header:
            return govern(at: offset)
        }
    }

    private mutating func govern(at offset: Int) -> Outcome? {
        count += ungoverned
        ungoverned = 0
        return count >= wanted ? .found(offset: offset, skip: count - wanted) : nil
    }

    private static func block(_ descriptor: Int32, _ range: Range<Int>) -> [UInt8]? {
        let block = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            count = max(
                0, pread(descriptor, buffer.baseAddress, range.count, off_t(range.lowerBound)))
        }
        return block.count == range.count ? block : nil
    }
}
