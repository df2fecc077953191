internal import Glibc
internal import StackModel

/// Records of one service in Docker's format, on their way into its file.
struct JSONRun: ~Copyable {
    /// Flushed when this much is reached; behind it there is room for one record more.
    private static let bytesMax = 256 << 10

    private var format = JSONFormat()
    private var memory: UnsafeMutableRawBufferPointer?
    private var sink: Sink?
    private var fileSize = 0
    private var count = 0
    private var byteCount: UInt64 = 0
    private var batch: Batch?
    /// Where in the batch the records of the run end.
    private var place = 0

    var hasMemory: Bool { memory != nil }

    deinit { if let memory { munmap(memory.baseAddress, memory.count) } }

    mutating func append(_ segment: Segment, of batch: Batch, to sink: Sink) {
        if sink !== self.sink {
            flush()
            guard let size = sink.begin() else {
                return sink.drop(segment, of: batch)
            }
            (self.sink, fileSize) = (sink, size)
        }
        self.batch = batch
        guard let start = makeMemory() else { return sink.drop(segment, of: batch) }
        var records = Records(batch.text(segment.start..<segment.end))
        while let record = records.next() {
            var end = start + count
            format.append(
                record.text, isWhole: record.isWhole, stream: segment.stream, time: segment.time,
                to: &end)
            take(end - (start + count), from: start, of: sink)
            place = batch.place(after: record.text) + (record.isWhole ? 1 : 0)
            byteCount += UInt64(record.text.count + (record.isWhole ? 1 : 0))
            if count >= Self.bytesMax { write(to: sink) }
        }
    }

    /// Adds the record that stands behind the run, in the next file if it must.
    private mutating func take(_ length: Int, from start: UnsafeMutableRawPointer, of sink: Sink) {
        // A record that is too long alone gets a file alone.
        let size = fileSize + count
        if size > 0, length > sink.room(at: size) {
            let place = start + count
            write(to: sink)
            start.copyMemory(from: place, byteCount: length)
            if sink.rotate() { fileSize = 0 }
        }
        count += length
    }

    private mutating func write(to sink: Sink) {
        guard let memory, let batch, count > 0 else { return }
        let run = UnsafeRawBufferPointer(rebasing: memory[..<count])
        if sink.append(run, byteCount: byteCount, of: batch, upTo: place) { fileSize += count }
        (count, byteCount) = (0, 0)
    }

    mutating func flush() {
        guard let sink else { return }
        write(to: sink)
        (self.sink, batch) = (nil, nil)
    }

    private mutating func makeMemory() -> UnsafeMutableRawPointer? {
        if let memory { return memory.baseAddress }
        let bytes = Self.bytesMax + JSONFormat.recordBytesMax
        let pages = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages, pages != MAP_FAILED else { return nil }
        memory = UnsafeMutableRawBufferPointer(start: pages, count: bytes)
        return pages
    }

    mutating func giveBack() {
        if let memory { munmap(memory.baseAddress, memory.count) }
        memory = nil
    }
}
