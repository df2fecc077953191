import StackModel

/// What is going to happen, soonest first, in the order of adding among equals: a binary heap.
struct Agenda<Item> {
    private var entries: [(due: Moment, number: Int, item: Item)] = []
    private var added = 0

    var count: Int { entries.count }
    var nextDue: Moment? { entries.first?.due }

    mutating func add(_ item: Item, at due: Moment) {
        added += 1
        entries.append((due, added, item))
        var child = entries.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> (due: Moment, item: Item)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            sink()
        }
        return (first.due, first.item)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
                if isBefore(child, least) { least = child }
            }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (entries[left].due, entries[left].number) < (entries[right].due, entries[right].number)
    }
}
