internal import Glibc
internal import StackModel

/// Segments of one service that lie side by side in their batch, on their way into its file.
///
/// Nothing is copied: headers are put into the room that the batch left for them.
struct LocalRun: ~Copyable {
    private var format = LocalFormat()
    private var batch: Batch?
    private var sink: Sink?
    private var fileSize = 0
    private var range = 0..<0
    private var byteCount: UInt64 = 0

    mutating func append(_ segment: Segment, of batch: Batch, to sink: Sink) {
        let begins = segment.start - LocalFormat.headerBytes
        if sink !== self.sink || batch !== self.batch || begins != range.upperBound {
            flush()
            guard let size = sink.begin() else { return sink.drop(segment, of: batch) }
            (self.sink, self.batch, fileSize, range) = (sink, batch, size, begins..<begins)
        }
        if segment.isPartial { batch.memory[segment.end] = newline }
        var start = segment.start
        while start < segment.end {
            let end = fit(start, segment.end, of: batch, in: sink)
            add(start..<end, segment, of: batch)
            start = end
        }
    }

    /// How far the file has room, in whole lines; begins the next file where it has none.
    private mutating func fit(_ start: Int, _ end: Int, of batch: Batch, in sink: Sink) -> Int {
        let needed = LocalFormat.headerBytes + end - start + 1
        while true {
            let size = fileSize + range.count
            let room = sink.room(at: size)
            if needed <= room { return end }
            let fitting = max(start, min(end, start + room - LocalFormat.headerBytes))
            if let last = LineCut.lastNewline(in: batch.text(start..<fitting)) {
                return start + last + 1
            }
            if size == 0 {
                return LineCut.firstNewline(in: batch.text(start..<end)).map { start + $0 + 1 }
                    ?? end
            }
            write()
            guard sink.rotate() else { return end }
            fileSize = 0
        }
    }

    private mutating func add(_ part: Range<Int>, _ segment: Segment, of batch: Batch) {
        // After a part of the same segment was added its header takes that one's place, which must
        // be written before.
        if part.lowerBound != range.upperBound + LocalFormat.headerBytes {
            write()
            let begins = part.lowerBound - LocalFormat.headerBytes
            range = begins..<begins
        }
        let isPartial = segment.isPartial && part.upperBound == segment.end
        let header = format.header(
            segment.stream, at: segment.time, offset: fileSize + range.count, isPartial: isPartial)
        batch.bytes((part.lowerBound - LocalFormat.headerBytes)..<part.lowerBound).copyBytes(
            from: header)
        range = range.lowerBound..<(part.upperBound + (isPartial ? 1 : 0))
        byteCount += UInt64(part.count)
    }

    private mutating func write() {
        guard let sink, let batch, !range.isEmpty else { return }
        let run = batch.text(range)
        if sink.append(run, byteCount: byteCount, of: batch, upTo: range.upperBound) {
            fileSize += range.count
        }
        byteCount = 0
        range = range.upperBound..<range.upperBound
    }

    mutating func flush() {
        write()
        (sink, batch) = (nil, nil)
    }
}
