internal import Glibc
internal import LinuxSystem
internal import StackModel

/// One stream's bytes within a batch: whole lines, or the part of an unfinished one.
struct Segment {
    let channel: Channel
    let stream: LogRecord.Stream
    let time: Timestamp
    var start: Int
    var end: Int
    /// Ends before its line does. One byte behind `end` is free, for a newline.
    var isPartial = false
    /// What was dropped of this stream just before.
    var bytesDroppedBefore: UInt64 = 0
    /// Nothing more comes from this channel.
    var isLast = false
}

/// What the reader hands to the writer: one piece of memory with many services' bytes.
///
/// A class, because its memory has one owner at a time, and that one changes threads.
final class Batch: @unchecked Sendable {
    /// Before each segment there is room for a header, so that it can be written in one piece.
    static let headroom = LocalFormat.headerBytes

    let memory: UnsafeMutableRawBufferPointer
    /// Nil: it does not survive the agent.
    let pages: SpoolPages?
    private(set) var segments: [Segment] = []
    private var used = 0

    init(_ pages: SpoolPages) {
        self.pages = pages
        memory = pages.memory
    }

    /// What an agent that died had not written.
    init(recovered pages: SpoolPages, segments: [Segment]) {
        self.pages = pages
        memory = pages.memory
        self.segments = segments
    }

    init?(bytes: Int) {
        // Not malloc, which would keep what is freed: an idle agent gives a burst's memory back.
        let pages = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages, pages != MAP_FAILED else { return nil }
        memory = UnsafeMutableRawBufferPointer(start: pages, count: bytes)
        self.pages = nil
    }

    deinit {
        if let pages { pages.remove() } else { munmap(memory.baseAddress, memory.count) }
    }

    var isEmpty: Bool { segments.isEmpty }

    /// No more reads: each has its place in the pages.
    var isFull: Bool { pages?.isFull == true }

    /// Where in it these bytes of its own end.
    func place(after text: UnsafeRawBufferPointer) -> Int {
        guard let base = memory.baseAddress, let start = text.baseAddress else { return 0 }
        return start + text.count - UnsafeRawPointer(base)
    }

    /// Where the next segment's bytes would be; short where the batch is nearly full.
    var room: Range<Int> {
        let start = min(used + Self.headroom, memory.count - 1)
        return start..<(memory.count - 1)
    }

    func bytes(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[range])
    }

    func text(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(bytes(range))
    }

    /// The same stream's bytes may go directly behind its last ones, if these are fresh and whole.
    func extensibleEnd(_ tap: Tap, at time: Timestamp) -> Int? {
        guard let last = segments.last, last.channel === tap.channel, last.stream == tap.stream,
            !last.isPartial, !last.isLast, last.end == used, time - last.time < LogLimits.sameTime
        else { return nil }
        return last.end
    }

    func append(_ segment: Segment) {
        segments.append(segment)
        used = segment.end + (segment.isPartial ? 1 : 0)
    }

    func extendLast(to end: Int, isPartial: Bool) {
        segments[segments.count - 1].end = end
        segments[segments.count - 1].isPartial = isPartial
        used = end + (isPartial ? 1 : 0)
    }

    func clear() {
        segments.removeAll()
        used = 0
        pages?.clear()
    }
}
