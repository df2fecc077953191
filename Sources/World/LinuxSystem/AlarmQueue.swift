internal import StackModel

/// Names an alarm that was set.
package struct AlarmID: Hashable, Sendable {
    fileprivate let number: UInt64
}

/// Alarms by time: a binary heap. Cancelled ones are dropped when they come up, or when they are the majority.
struct AlarmQueue {
    private struct Entry {
        let moment: Moment
        let id: AlarmID
    }

    private var heap: [Entry] = []
    private var handlers: [AlarmID: () -> Void] = [:]
    private var lastNumber: UInt64 = 0

    /// How many take room, cancelled ones among them.
    var count: Int { heap.count }

    /// The earliest alarm's time.
    var next: Moment? {
        mutating get {
            dropCancelled()
            return heap.first?.moment
        }
    }

    mutating func insert(at moment: Moment, _ handler: @escaping () -> Void) -> AlarmID {
        lastNumber += 1
        let id = AlarmID(number: lastNumber)
        handlers[id] = handler
        heap.append(Entry(moment: moment, id: id))
        rise(from: heap.count - 1)
        return id
    }

    mutating func cancel(_ id: AlarmID) {
        handlers[id] = nil
        // A probe a second that is always cancelled must not make the heap grow until its timeout.
        if heap.count > 64, heap.count > handlers.count * 2 { rebuild() }
    }

    mutating func popDue(at now: Moment) -> (() -> Void)? {
        dropCancelled()
        guard let first = heap.first, first.moment <= now else { return nil }
        removeFirst()
        return handlers.removeValue(forKey: first.id)
    }

    private mutating func dropCancelled() {
        while let first = heap.first, handlers[first.id] == nil { removeFirst() }
    }

    private mutating func rebuild() {
        heap.removeAll { handlers[$0.id] == nil }
        heap.sort(by: Self.isEarlier)
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        sink()
    }

    private mutating func rise(from index: Int) {
        var index = index
        while index > 0, Self.isEarlier(heap[index], heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func sink() {
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if Self.isEarlier(heap[child], heap[least]) { least = child }
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }

    /// Equal times keep the order in which they were set.
    private static func isEarlier(_ left: Entry, _ right: Entry) -> Bool {
        (left.moment, left.id.number) < (right.moment, right.id.number)
    }
}
