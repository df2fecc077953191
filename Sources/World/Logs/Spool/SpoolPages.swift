internal import Glibc
internal import LinuxSystem
internal import SystemPackage

/// The memory of one batch, in a mapped file: what was read and is not written yet survives a death of the agent, and
/// the next one writes it. Each line once: the pages in front say how far everything came, and are stored to in this
/// order.
///
/// - A read is an entry: `reading`, with how much it will take and a marker where the bytes will be; the read itself;
///   `read`; the beginning of a line that is left over is put beside (`HeldLine`); `cut`.
/// - An append to a log file is an intent: which file, and its size before; the append; `written`, which ends it. One
///   that was not ended is taken back: the file is shortened, and written again.
final class SpoolPages {
    static let entriesMax = 1000
    /// Head and entries; the batch's bytes follow.
    static let frontBytes = 48 << 10
    private static let entriesAt = 4096
    private static let magic: UInt64 = 0x7370_6f6f_6c00_0001
    /// No text in UTF-8 has such a byte.
    private static let marker: UInt8 = 0xff
    private static let markerBytes = 8

    struct Head {
        var magic: UInt64 = 0
        var sequence: UInt64 = 0
        var count: Int64 = 0
        /// Up to this place in the batch all is in the log files, or dropped.
        var written: Int64 = 0
        /// What `written` was when the append under way began; -1: there is none.
        var intended: Int64 = -1
        var device: UInt64 = 0
        var inode: UInt64 = 0
        var size: Int64 = 0
    }

    enum State: Int32 { case reading = 1, read, cut }

    /// Bytes `start ..< start + held + taken` of the batch; the first of them an earlier one had left over.
    struct Entry {
        var state: Int32 = 0
        /// Which FIFO: see `SpoolTable`.
        var slot: Int32 = 0
        var start: Int32 = 0
        var held: Int32 = 0
        var taken: Int32 = 0
        /// So many of its bytes are a segment.
        var ready: Int32 = 0
        var isPartial: Int32 = 0
        /// So many before them are dropped.
        var skipped: Int32 = 0
        var time: Int64 = 0

        var range: Range<Int> { Int(start)..<(Int(start) + Int(held) + Int(taken)) }
    }

    let memory: UnsafeMutableRawBufferPointer
    let path: String
    private let mapping: MappedFile
    let head: UnsafeMutablePointer<Head>
    private let entries: UnsafeMutablePointer<Entry>

    /// A new file with room for `bytes`; nil: it cannot be had.
    convenience init?(making path: String, bytes: Int) {
        self.init(MappedFile(making: path, bytes: Self.frontBytes + bytes), path)
        head.pointee = Head()
        orderStores()
        head.pointee.magic = Self.magic
    }

    /// One that a dead agent left; nil: none of ours, or damaged.
    convenience init?(found path: String, bytes: Int) {
        self.init(MappedFile(found: path, bytes: Self.frontBytes + bytes), path)
        guard head.pointee.magic == Self.magic, isSound else { return nil }
    }

    private init?(_ mapping: MappedFile?, _ path: String) {
        guard let mapping else { return nil }
        self.mapping = mapping
        self.path = path
        memory = UnsafeMutableRawBufferPointer(rebasing: mapping.bytes[Self.frontBytes...])
        head = mapping.base.bindMemory(to: Head.self, capacity: 1)
        entries = (mapping.base + Self.entriesAt).bindMemory(
            to: Entry.self, capacity: Self.entriesMax)
    }

    func remove() { unlink(path) }

    /// Nothing that a torn or foreign file says leads out of it.
    private var isSound: Bool {
        guard (0...Int64(Self.entriesMax)).contains(head.pointee.count),
            (0...Int64(memory.count)).contains(head.pointee.written)
        else { return false }
        return all.allSatisfy { entry in
            State(rawValue: entry.state) != nil && entry.slot >= 0 && entry.start >= 0
                && entry.held >= 0 && entry.taken >= 0 && entry.range.upperBound <= memory.count
                && entry.skipped >= 0 && entry.ready >= 0
                && Int(entry.skipped) + Int(entry.ready) <= entry.range.count
        }
    }

    var all: [Entry] { (0..<Int(head.pointee.count)).map { entries[$0] } }
    var isFull: Bool { head.pointee.count >= Self.entriesMax }

    /// Grows from entry to entry, over all batches.
    func tag(of index: Int) -> UInt64 { head.pointee.sequence << 16 | UInt64(index) }
}

// The reader's.
extension SpoolPages {
    func begin(_ sequence: UInt64) {
        clear()
        head.pointee.sequence = sequence
    }

    func clear() {
        head.pointee.count = 0
        orderStores()
        head.pointee.written = 0
        head.pointee.intended = -1
    }

    /// A read of `taken` bytes behind the `held` ones at `start`. Returns its index.
    func beginRead(slot: Int, start: Int, held: Int, taken: Int, time: Int64) -> Int {
        let index = Int(head.pointee.count)
        entries[index] = Entry(
            state: State.reading.rawValue, slot: Int32(slot), start: Int32(start),
            held: Int32(held), taken: Int32(taken), time: time)
        let bytes = min(taken, Self.markerBytes)
        for place in (start + held)..<(start + held + bytes) { memory[place] = Self.marker }
        orderStores()
        head.pointee.count = Int64(index + 1)
        return index
    }

    /// The read took `taken` bytes, less than nothing where it failed.
    func endRead(_ index: Int, taken: Int) {
        guard taken > 0 else {
            head.pointee.count = Int64(index)
            return
        }
        entries[index].taken = Int32(taken)
        orderStores()
        entries[index].state = State.read.rawValue
    }

    /// What was held before is all there is.
    func endRead(_ index: Int) { entries[index].state = State.read.rawValue }

    /// `skipped` bytes of it are dropped, `ready` ones are a segment, and the rest is kept beside.
    func cut(_ index: Int, skipped: Int, ready: Int, isPartial: Bool) {
        orderStores()
        entries[index].skipped = Int32(skipped)
        entries[index].ready = Int32(ready)
        entries[index].isPartial = isPartial ? 1 : 0
        orderStores()
        entries[index].state = State.cut.rawValue
    }

    /// Of a read that was under way: how many of its bytes came.
    func taken(by entry: Entry) -> Int {
        guard entry.state == State.reading.rawValue else { return Int(entry.taken) }
        let begin = Int(entry.start) + Int(entry.held)
        let marked = memory[begin..<(begin + min(Int(entry.taken), Self.markerBytes))]
        return marked.allSatisfy { $0 == Self.marker } ? 0 : Int(entry.taken)
    }
}

// The writer's.
extension SpoolPages {
    func beginAppend(device: UInt64, inode: UInt64, size: Int) {
        head.pointee.device = device
        head.pointee.inode = inode
        head.pointee.size = Int64(size)
        orderStores()
        head.pointee.intended = head.pointee.written
        orderStores()
    }

    /// All before `place` is in its file, or given up.
    func endAppend(at place: Int) {
        orderStores()
        head.pointee.written = max(head.pointee.written, Int64(place))
        orderStores()
        head.pointee.intended = -1
    }
}
