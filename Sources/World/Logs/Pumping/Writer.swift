internal import Glibc
internal import StackModel
internal import Synchronization

/// The writing thread: formats what the reader cut, and appends it to the services' files.
///
/// It alone waits for the disk. It writes runs: adjoining records of one service, in one call.
final class Writer: @unchecked Sendable {
    private let directory: String
    private let queue: BatchQueue
    private let drops: Drops
    private let journal: LogPump.JournalSink?
    private let roomMade: @Sendable () -> Void
    private let compressor = Compressor()
    /// Bytes that each service wrote, since the start.
    let taken = Mutex<[ServiceName: UInt64]>([:])
    private var sinks: [ServiceName: Sink] = [:]
    private var json = JSONRun()
    private var local = LocalRun()

    init(
        directory: String, queue: BatchQueue, drops: Drops, journal: LogPump.JournalSink?,
        roomMade: @escaping @Sendable () -> Void
    ) {
        self.directory = directory
        self.queue = queue
        self.drops = drops
        self.journal = journal
        self.roomMade = roomMade
    }

    func run() {
        while true {
            switch queue.take(within: json.hasMemory ? LogLimits.idleMemory : nil) {
            case .batches(let batches):
                for batch in batches { write(batch) }
            case .quiet:
                json.giveBack()
            case .end:
                compressor.stop()
                return
            }
        }
    }

    private func write(_ batch: Batch) {
        carry(batch)
        if queue.finish(batch) { roomMade() }
    }

    func carry(_ batch: Batch) {
        for segment in batch.segments { write(segment, of: batch) }
        json.flush()
        local.flush()
    }

    private func write(_ segment: Segment, of batch: Batch) {
        let sink = sink(for: segment.channel)
        if segment.bytesDroppedBefore > 0 {
            json.flush()
            local.flush()
            sink.noteDrop(segment.bytesDroppedBefore)
        }
        if segment.end > segment.start || segment.bytesDroppedBefore > 0 {
            write(segment, of: batch, to: sink)
        }
        if segment.isLast {
            json.flush()
            local.flush()
            sink.close()
            sinks[sink.service] = nil
        }
    }

    private func write(_ segment: Segment, of batch: Batch, to sink: Sink) {
        taken.withLock { $0[sink.service, default: 0] += UInt64(segment.end - segment.start) }
        switch sink.policy.driver {
        // What comes first is written first: so one place in the batch says how far it is.
        case .jsonFile:
            local.flush()
            json.append(segment, of: batch, to: sink)
        case .local:
            json.flush()
            local.append(segment, of: batch, to: sink)
        case .journald, .none:
            json.flush()
            local.flush()
            if sink.policy.driver == .journald { tell(segment, of: batch) }
            batch.pages?.endAppend(at: segment.end)
        }
    }

    private func sink(for channel: Channel) -> Sink {
        let service = channel.service
        let sink =
            sinks[service] ?? Sink(service, in: directory, compressor: compressor, drops: drops)
        sinks[service] = sink
        let policy = channel.policy.withLock { $0 }
        if policy != sink.policy {
            json.flush()
            local.flush()
            sink.adopt(policy)
        }
        return sink
    }

    private func tell(_ segment: Segment, of batch: Batch) {
        guard let journal else { return }
        var records = Records(batch.text(segment.start..<segment.end))
        while let record = records.next() {
            journal(segment.channel.service, segment.stream, Array(record.text))
        }
    }
}

/// Lines, and the parts of overlong ones, without their newlines.
struct Records {
    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    @inline(__always)
    mutating func next() -> (text: UnsafeRawBufferPointer, isWhole: Bool)? {
        guard rest.count > 0 else { return nil }
        let end = LineCut.firstNewline(in: rest)
        let line = UnsafeRawBufferPointer(rebasing: rest[..<(end ?? rest.count)])
        let count = line.count > LogLimits.recordBytesMax ? LineCut.record(line) : line.count
        let isWhole = end == count
        rest = UnsafeRawBufferPointer(rebasing: rest[(isWhole ? count + 1 : count)...])
        return (UnsafeRawBufferPointer(rebasing: line[..<count]), isWhole)
    }
}
