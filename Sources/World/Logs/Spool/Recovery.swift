internal import Glibc
internal import LinuxSystem
internal import StackModel

/// Writes what an agent that died had read and not written. Dying in the midst of it costs nothing: what it does next
/// is in the same pages.
struct Recovery {
    let directory: String
    let logDirectory: String
    let writer: Writer
    let batchBytes: Int

    /// Files that another's hand, or a fault, has changed are taken away; so many.
    func run() -> Int {
        let names = Directory.names(in: directory).filter { $0.hasPrefix(Spool.batchPrefix) }
        guard !names.isEmpty else { return 0 }
        let slots = slots()
        var damaged = 0
        var found: [SpoolPages] = []
        for name in names {
            let path = "\(directory)/\(name)"
            if let pages = SpoolPages(found: path, bytes: batchBytes) {
                found.append(pages)
            } else {
                // One that was being made has no name in its head yet.
                damaged += isEmpty(path) ? 0 : 1
                unlink(path)
            }
        }
        for pages in found.sorted(by: { $0.head.pointee.sequence < $1.head.pointee.sequence }) {
            takeUp(pages, slots)
            pages.remove()
        }
        return damaged
    }

    private func isEmpty(_ path: String) -> Bool {
        (TextFile.readBytes(path, bytesMax: 8) ?? []).allSatisfy { $0 == 0 }
    }

    private func slots() -> [Int32: Spool.Slot] {
        let text = TextFile.read("\(directory)/\(Spool.tablePath)", bytesMax: 1 << 20) ?? ""
        let known = text.split(separator: "\n").compactMap { Spool.Slot($0) }
        return Dictionary(known.map { (Int32(clamping: $0.number), $0) }) { $1 }
    }

    private func takeUp(_ pages: SpoolPages, _ slots: [Int32: Spool.Slot]) {
        takeBack(pages, slots)
        finishLast(pages, slots)
        let batch = Batch(recovered: pages, segments: segments(of: pages, slots))
        writer.carry(batch)
    }

    /// An append that was under way is undone.
    private func takeBack(_ pages: SpoolPages, _ slots: [Int32: Spool.Slot]) {
        let head = pages.head.pointee
        guard head.intended >= 0, head.intended == head.written else { return }
        for service in Set(slots.values.map(\.service)) {
            for format in LogShelf.Format.allCases {
                let path = LogShelf(service, format, in: logDirectory).currentPath
                var status = stat()
                guard stat(path, &status) == 0, UInt64(status.st_ino) == head.inode,
                    UInt64(status.st_dev) == head.device, status.st_size > head.size
                else { continue }
                truncate(path, off_t(head.size))
            }
        }
        pages.endAppend(at: Int(head.written))
    }

    /// A read that was not cut yet, the last one: it is now.
    private func finishLast(_ pages: SpoolPages, _ slots: [Int32: Spool.Slot]) {
        guard let last = pages.all.last, last.state != SpoolPages.State.cut.rawValue,
            let slot = slots[last.slot]
        else { return }
        let index = pages.all.count - 1
        let begin = Int(last.start)
        let end = begin + Int(last.held) + pages.taken(by: last)
        let bytes = UnsafeRawBufferPointer(rebasing: pages.memory[begin..<end])
        let (ready, isPartial) = LineCut.ready(bytes)
        let path = Spool.heldPath(slot.service, slot.stream, in: directory)
        let held = HeldLine(found: path) ?? HeldLine(making: path)
        held?.keep(
            UnsafeRawBufferPointer(rebasing: bytes[ready...]), tag: pages.tag(of: index))
        pages.cut(index, skipped: 0, ready: ready, isPartial: isPartial)
    }

    private func segments(of pages: SpoolPages, _ slots: [Int32: Spool.Slot]) -> [Segment] {
        var channels: [ServiceName: Channel] = [:]
        var segments: [Segment] = []
        var lastSlot: Int32 = -1
        let written = Int(pages.head.pointee.written)
        for entry in pages.all where entry.state == SpoolPages.State.cut.rawValue {
            guard let slot = slots[entry.slot], entry.ready > 0 else { continue }
            let start = Int(entry.start) + Int(entry.skipped)
            let end = start + Int(entry.ready)
            // A byte behind it is for the newline of a part.
            guard end > written, end < pages.memory.count else { continue }
            // Without room for a header it goes on from the one before.
            if let last = segments.last, entry.slot == lastSlot, start == last.end {
                segments[segments.count - 1].end = end
                segments[segments.count - 1].isPartial = entry.isPartial != 0
                continue
            }
            let begins = max(start, written)
            // They follow each other, each with room for a header.
            guard begins >= (segments.last?.end ?? 0) + Batch.headroom else { continue }
            let channel = channels[slot.service] ?? Channel(slot.service, policy: slot.policy)
            channels[slot.service] = channel
            var segment = Segment(
                channel: channel, stream: slot.stream,
                time: Timestamp(nanoseconds: entry.time), start: begins, end: end)
            segment.isPartial = entry.isPartial != 0
            segments.append(segment)
            lastSlot = entry.slot
        }
        return segments
    }
}
