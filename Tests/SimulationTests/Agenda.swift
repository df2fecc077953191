import StackModel

/// What is going to happen, soonest first, in the order of adding among equals: a binary heap.
///
/// Not generic: unspecialised, as in a debug build, that would cost a tenth of the simulation's
/// time.
struct Agenda {
    private struct Entry {
        let due: Moment
        let number: Int
        let happening: SimulatedMachine.Happening

        func isBefore(_ other: Entry) -> Bool {
            due == other.due ? number < other.number : due < other.due
        }
    }

    private var entries: [Entry] = []
    private var added = 0

    var count: Int { entries.count }

    mutating func add(_ happening: SimulatedMachine.Happening, at due: Moment) {
        added += 1
        entries.append(Entry(due: due, number: added, happening: happening))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].isBefore(entries[parent]) else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> (due: Moment, happening: SimulatedMachine.Happening)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            sink()
        }
        return (first.due, first.happening)
    }

    private mutating func sink() {
        var parent = 0
        while 2 * parent + 1 < entries.count {
            var child = 2 * parent + 1
            if child + 1 < entries.count, entries[child + 1].isBefore(entries[child]) { child += 1 }
            guard entries[child].isBefore(entries[parent]) else { return }
            entries.swapAt(parent, child)
            parent = child
        }
    }
}
