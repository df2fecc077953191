internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import SystemPackage

/// The reading thread: empties the FIFOs, cuts at line ends, and hands batches to the writer.
///
/// It is never stopped by a service or by the disk: who overfills the queue is first left unread,
/// so that its pipe slows it down, and after `patience` read and thrown away.
final class Reader: @unchecked Sendable {
    let inlet: Inlet
    let loop: EventLoop
    let queue: BatchQueue
    let drops: Drops
    let limits: LogLimits

    var taps: [Tap] = []
    var isStopping = false
    private var batch: Batch?
    private var bytesRead = 0
    private var lastSubmission = Moment.zero
    /// Parked taps wait for room.
    private var parked: [Tap] = []
    /// Taps that are read until they are empty, whether epoll finds them ready or not.
    var draining: [Tap] = []
    private var bytesHeld = 0
    private var sweepAlarm: AlarmID?
    private var trimAlarm: AlarmID?
    private var scrap: [UInt8] = []

    init(queue: BatchQueue, drops: Drops, limits: LogLimits) throws(SystemError) {
        loop = try EventLoop()
        inlet = try Inlet(into: loop, capacity: LogLimits.commandsMax)
        self.queue = queue
        self.drops = drops
        self.limits = limits
    }

    /// The thread's body. What goes wrong with epoll itself (never seen) must not spin.
    func run() {
        while !isStopping || !taps.isEmpty {
            for tap in draining where !tap.isParked { read(tap) }
            let isBusy = batch?.isEmpty == false || draining.contains { !$0.isParked }
            bytesRead = 0
            do {
                try loop.turn(waitingAtMost: isBusy ? .zero : nil)
            } catch {
                poll(nil, 0, 100)
            }
            gatherOrSubmit()
        }
        submit()
        queue.end()
    }

    func watch(_ tap: Tap) {
        // It was open a moment ago; what fails here is memory, and then its output waits in the
        // pipe.
        try? loop.watch(tap.pipe, for: .readable) { [unowned self] _ in read(tap) }
    }

    /// One turn of one FIFO: at most one batch, so that no flood keeps the others waiting.
    private func read(_ tap: Tap) {
        let time = Clock.wallTime()
        guard queue.admits(tap.channel), let batch = roomyBatch(for: tap) else {
            return refuse(tap)
        }
        tap.channel.isDropping = false

        let canJoin = tap.held.isEmpty && tap.bytesDropped == 0 && !tap.isMidLine
        let joined = canJoin ? batch.extensibleEnd(tap, at: time) : nil
        let start = joined ?? batch.room.lowerBound
        let area = batch.bytes(start..<batch.room.upperBound)
        area.copyBytes(from: tap.held)
        guard let (count, entry) = take(tap, into: area, at: start, time, of: batch) else {
            return foundEmpty(tap)
        }
        bytesRead += count
        if count >= LogLimits.fullPipe { tap.widen() }

        var bytes = UnsafeRawBufferPointer(rebasing: area[..<(tap.held.count + count)])
        let skipped = tap.isMidLine ? skipLine(of: tap, in: bytes) : 0
        bytes = UnsafeRawBufferPointer(rebasing: bytes[skipped...])
        let (ready, isPartial) = LineCut.ready(bytes)
        if joined != nil {
            batch.extendLast(to: start + ready, isPartial: isPartial)
        } else if ready > 0 {
            append(
                tap, start: start + skipped, count: ready, time: time, isPartial: isPartial,
                to: batch)
        }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[ready...])
        if let entry, let pages = batch.pages {
            tap.keep(rest, tag: pages.tag(of: entry))
            pages.cut(entry, skipped: skipped, ready: ready, isPartial: isPartial)
        }
        hold(rest, of: tap)
    }

    /// Reads what there is behind the held bytes; the spool knows of it before. Nil: there is nothing.
    private func take(
        _ tap: Tap, into area: UnsafeMutableRawBufferPointer, at start: Int, _ time: Timestamp,
        of batch: Batch
    ) -> (count: Int, entry: Int?)? {
        let held = tap.held.count
        let place = area.baseAddress.map { $0 + held }
        guard let pages = batch.pages, let slot = tap.slot else {
            let count = Glibc.read(tap.pipe.rawValue, place, area.count - held)
            return count > 0 ? (count, nil) : nil
        }
        var waiting: Int32 = 0
        guard ioctl(tap.pipe.rawValue, UInt(FIONREAD), &waiting) == 0, waiting > 0 else {
            return nil
        }
        let wanted = min(Int(waiting), area.count - held)
        let entry = pages.beginRead(
            slot: slot, start: start, held: held, taken: wanted, time: time.nanoseconds)
        let count = Glibc.read(tap.pipe.rawValue, place, wanted)
        pages.endRead(entry, taken: count)
        return count > 0 ? (count, entry) : nil
    }

    private func append(
        _ tap: Tap, start: Int, count: Int, time: Timestamp, isPartial: Bool, to batch: Batch
    ) {
        batch.append(
            Segment(
                channel: tap.channel, stream: tap.stream, time: time, start: start,
                end: start + count,
                isPartial: isPartial, bytesDroppedBefore: tap.bytesDropped))
        tap.bytesDropped = 0
    }

    /// The batch being filled, or the next, with room for what the tap holds and a sensible read.
    private func roomyBatch(for tap: Tap) -> Batch? {
        let needed = tap.held.count + limits.batchBytes / 8
        if let batch, batch.room.count >= needed, !batch.isFull { return batch }
        // Beginnings of lines only, which are kept elsewhere.
        if let batch, batch.isEmpty { _ = queue.finish(batch) }
        submit()
        batch = queue.makeBatch()
        if trimAlarm == nil {
            trimAlarm = loop.setAlarm(after: LogLimits.idleMemory) { [unowned self] in trim() }
        }
        return batch
    }

    /// In a flood, full batches cost less than quick ones; otherwise what there is goes at once.
    private func gatherOrSubmit() {
        guard let batch, !batch.isEmpty else { return }
        let isFlooded = Clock.now() - lastSubmission < LogLimits.floodSpan
        let isWriterIdle = queue.isWriterIdle
        if !isFlooded, bytesRead == 0 || isWriterIdle {
            submit()
        } else if bytesRead < LogLimits.smallRead {
            usleep(LogLimits.readPause)
        }
    }

    private func submit() {
        guard let full = batch, !full.isEmpty else { return }
        batch = nil
        lastSubmission = Clock.now()
        queue.submit(full)
    }

    private func foundEmpty(_ tap: Tap) {
        guard tap.isDraining else { return }
        draining.removeAll { $0 === tap }
        // Without room now, the tap is looked at again when there is some.
        guard noteGap(tap), flush(tap) else { return }
        tap.isDraining = false
        if tap.isClosing { remove(tap) }
    }

    func remove(_ tap: Tap) {
        drop(tap, UInt64(tap.held.count))
        hold([], of: tap)
        loop.unwatch(tap.pipe)
        tap.forgetHeld()
        taps.removeAll { $0 === tap }
        draining.removeAll { $0 === tap }
        parked.removeAll { $0 === tap }
        loop.cancel(tap.patience)
        tap.patience = nil
        guard !taps.contains(where: { $0.channel === tap.channel }) else { return }
        tellLast(tap)
    }

    /// Tells the writer that it may close the file; without room it stays open until the service is
    /// opened again.
    private func tellLast(_ tap: Tap) {
        if batch == nil { batch = queue.makeBatch() }
        guard let batch else { return }
        let start = batch.room.lowerBound
        var last = Segment(
            channel: tap.channel, stream: tap.stream, time: Clock.wallTime(), start: start,
            end: start)
        last.bytesDroppedBefore = tap.bytesDropped
        last.isLast = true
        batch.append(last)
    }
}

// Unfinished lines.
extension Reader {
    private func hold(_ bytes: UnsafeRawBufferPointer, of tap: Tap) {
        bytesHeld += bytes.count - tap.held.count
        tap.held = Array(bytes)
        guard !bytes.isEmpty else { return }
        tap.heldSince = Clock.now()
        if bytesHeld > limits.heldBytesMax { _ = flush(tap) }
        if sweepAlarm == nil { setSweep() }
    }

    private func hold(_ bytes: [UInt8], of tap: Tap) {
        bytes.withUnsafeBytes { hold($0, of: tap) }
    }

    /// Writes the unfinished line as it is. False: there is no room now.
    func flush(_ tap: Tap) -> Bool {
        guard !tap.held.isEmpty else { return true }
        guard queue.admits(tap.channel), let batch = roomyBatch(for: tap) else { return false }
        let unfinished = LineCut.unfinishedCharacter(tap.held)
        let count =
            tap.isDraining || unfinished == tap.held.count
            ? tap.held.count : tap.held.count - unfinished
        let start = batch.room.lowerBound
        batch.bytes(start..<(start + count)).copyBytes(from: tap.held[..<count])
        let time = Clock.wallTime()
        let entry = noteFlush(tap, at: start, time, of: batch)
        append(tap, start: start, count: count, time: time, isPartial: true, to: batch)
        let rest = Array(tap.held[count...])
        if let entry, let pages = batch.pages {
            rest.withUnsafeBytes { tap.keep($0, tag: pages.tag(of: entry)) }
            pages.cut(entry, skipped: 0, ready: count, isPartial: true)
        }
        bytesHeld -= count
        tap.held = rest
        return true
    }

    /// All that is held counts as read once more.
    private func noteFlush(_ tap: Tap, at start: Int, _ time: Timestamp, of batch: Batch) -> Int? {
        guard let pages = batch.pages, let slot = tap.slot else { return nil }
        batch.bytes(start..<(start + tap.held.count)).copyBytes(from: tap.held)
        let entry = pages.beginRead(
            slot: slot, start: start, held: tap.held.count, taken: 0, time: time.nanoseconds)
        pages.endRead(entry)
        return entry
    }

    private func setSweep() {
        let delay = min(limits.lineWait / 2, LogLimits.dropReports / 2)
        sweepAlarm = loop.setAlarm(after: delay) { [unowned self] in sweep() }
    }

    private func sweep() {
        sweepAlarm = nil
        let latest = Clock.now()
        for tap in taps where !tap.held.isEmpty && latest - tap.heldSince >= limits.lineWait / 2 {
            _ = flush(tap)
        }
        var hasGap = false
        let hasUntold = drops.report()
        for tap in taps where tap.bytesDropped > 0 { hasGap = !noteGap(tap) || hasGap }
        if bytesHeld > 0 || hasGap || hasUntold { setSweep() }
    }
}

// Too much.
extension Reader {
    private func refuse(_ tap: Tap) {
        guard !tap.channel.isDropping else { return discard(tap) }
        guard !tap.isParked else { return }
        loop.unwatch(tap.pipe)
        parked.append(tap)
        tap.patience = loop.setAlarm(after: limits.patience) { [unowned self] in
            tap.channel.isDropping = true
            unpark(tap)
        }
    }

    /// The writer has made room: whoever may goes on.
    func roomMade() {
        for tap in parked where queue.admits(tap.channel, afterRefusal: true) { unpark(tap) }
        draining = taps.filter(\.isDraining)
    }

    private func unpark(_ tap: Tap) {
        loop.cancel(tap.patience)
        tap.patience = nil
        parked.removeAll { $0 === tap }
        watch(tap)
    }

    /// Reads and throws away; a line that was begun before or ends later is lost as a whole.
    private func discard(_ tap: Tap) {
        if scrap.isEmpty { scrap = Array(repeating: 0, count: limits.batchBytes) }
        let count = Glibc.read(tap.pipe.rawValue, &scrap, scrap.count)
        guard count > 0 else { return foundEmpty(tap) }
        bytesRead += count
        drop(tap, UInt64(tap.held.count + count))
        tap.isMidLine = scrap[count - 1] != newline
        hold([], of: tap)
    }

    /// How many bytes to leave out: the rest of a line whose beginning was dropped.
    private func skipLine(of tap: Tap, in bytes: UnsafeRawBufferPointer) -> Int {
        let end = LineCut.firstNewline(in: bytes)
        tap.isMidLine = end == nil
        let count = end.map { $0 + 1 } ?? bytes.count
        drop(tap, UInt64(count))
        return count
    }

    private func drop(_ tap: Tap, _ bytes: UInt64) {
        tap.bytesDropped += bytes
        drops.add(bytes, of: tap.channel.service)
        if sweepAlarm == nil { setSweep() }
    }

    /// Tells the writer of what was dropped, where no more bytes do it. False: there is no room
    /// now.
    private func noteGap(_ tap: Tap) -> Bool {
        guard tap.bytesDropped > 0 else { return true }
        guard queue.admits(tap.channel), let batch = roomyBatch(for: tap) else { return false }
        tap.channel.isDropping = false
        append(
            tap, start: batch.room.lowerBound, count: 0, time: Clock.wallTime(), isPartial: false,
            to: batch)
        return true
    }

    /// A burst is over: what it needed goes back to the system.
    private func trim() {
        trimAlarm = nil
        scrap = []
        if let unused = batch, unused.isEmpty {
            batch = nil
            _ = queue.finish(unused)
        }
        guard queue.trim() else { return }
        trimAlarm = loop.setAlarm(after: LogLimits.idleMemory) { [unowned self] in trim() }
    }
}
