internal import StackModel

/// From reader to writer: batches in order, within a bound, fairly shared.
final class BatchQueue: Sendable {
    private struct State {
        var ready: [Batch] = []
        var spare: [Batch] = []
        /// With the reader, waiting, or with the writer.
        var inUse = 0
        var isWriterIdle = false
        var isReaderShort = false
        var hasEnded = false
    }

    private let state = Guarded(State())
    private let limits: LogLimits
    private let spool: Spool?

    init(_ limits: LogLimits, _ spool: Spool?) {
        self.limits = limits
        self.spool = spool
    }

    var isWriterIdle: Bool { state.withLock { $0.isWriterIdle } }

    /// Whether `channel` may queue more: each one up to what is still free, so that a flood leaves
    /// room for others. If not, `finish` will say when it is worth asking again.
    func admits(_ channel: Channel, afterRefusal: Bool = false) -> Bool {
        state.withLock { state in
            let free = (limits.batchesMax - state.inUse) * limits.batchBytes
            let admits = free > 0 && channel.bytesQueued <= (afterRefusal ? free / 2 : free)
            if !admits { state.isReaderShort = true }
            return admits
        }
    }

    func makeBatch() -> Batch? {
        state.withLock { state in
            guard state.inUse < limits.batchesMax,
                let batch = state.spare.popLast() ?? newBatch()
            else {
                state.isReaderShort = true
                return nil
            }
            if let pages = batch.pages, let spool { pages.begin(spool.nextSequence()) }
            state.inUse += 1
            return batch
        }
    }

    private func newBatch() -> Batch? {
        // Without room for it, what is under way does not survive the agent.
        spool?.pages(bytes: limits.batchBytes).map { Batch($0) } ?? Batch(bytes: limits.batchBytes)
    }

    func submit(_ batch: Batch) {
        let wake = state.withLock { state in
            for segment in batch.segments {
                segment.channel.bytesQueued += segment.end - segment.start
            }
            state.ready.append(batch)
            defer { state.isWriterIdle = false }
            return state.isWriterIdle
        }
        if wake { state.announce() }
    }

    /// No batch comes any more.
    func end() {
        state.withLock { $0.hasEnded = true }
        state.announce()
    }

    enum Delivery {
        case batches([Batch])
        /// Nothing came within the limit.
        case quiet
        case end
    }

    func take(within limit: Duration?) -> Delivery {
        let delivery: Delivery? = state.wait(atMost: limit) { state in
            if state.ready.isEmpty {
                state.isWriterIdle = true
                return state.hasEnded ? .end : nil
            }
            defer { state.ready = [] }
            return .batches(state.ready)
        }
        return delivery ?? .quiet
    }

    /// Takes a written batch back. True: the reader wants to hear of the room.
    func finish(_ batch: Batch) -> Bool {
        state.withLock { state in
            for segment in batch.segments {
                segment.channel.bytesQueued -= segment.end - segment.start
            }
            batch.clear()
            state.spare.append(batch)
            state.inUse -= 1
            defer { state.isReaderShort = false }
            return state.isReaderShort
        }
    }

    /// Gives unused memory back. True: more is in use, ask again.
    func trim() -> Bool {
        // Unmapped after the lock is released.
        let (unused, isInUse) = state.withLock { state in
            defer { state.spare = [] }
            return (state.spare, state.inUse > 0)
        }
        _ = unused
        return isInUse
    }
}
