internal import StackModel
internal import Testing

@testable internal import CatalystAgent

/// How the way to the database bears refusals and failures.
struct ShippingPaceTests {
    /// Ships 1…`count`, of which the database refuses some for ever.
    private func ship(
        _ count: Int, refusing bad: Set<Int>
    ) -> (shipments: Int, largest: [Int], leftOut: Set<Int>) {
        var pace = ShippingPace()
        var outbox = Array(1...count)
        var shipments: [Int] = []
        var leftOut: Set<Int> = []
        while !outbox.isEmpty, shipments.count < 10_000 {
            let batch = Array(outbox.prefix(pace.batchMax))
            shipments.append(batch.count)
            if bad.isDisjoint(with: batch) {
                outbox.removeFirst(batch.count)
                pace.arrived()
            } else {
                if batch.count == 1 { leftOut.insert(outbox.removeFirst()) }
                pace.refused(batch.count)
            }
        }
        return (shipments.count, shipments, leftOut)
    }

    @Test func `a record that is refused is found by halves, and costs few shipments`() {
        let all = ship(10_000, refusing: [777])
        #expect(all.leftOut == [777])
        // Ten halvings, as many to grow again, and the others.
        #expect(all.shipments < 50, "\(all.shipments)")
        #expect(all.largest.first == 1000 && all.largest.last.map { $0 > 100 } == true)
    }

    @Test func `only what is refused is left out`() {
        let bad: Set = [1, 2, 500, 501, 999, 1000, 1001, 3000]
        let all = ship(3000, refusing: bad)
        #expect(all.leftOut == bad)
        #expect(all.shipments < 250, "\(all.shipments)")
        #expect(ship(50, refusing: Set(1...50)).leftOut.count == 50)
    }

    @Test func `after a success it grows by doubling, not at once`() {
        var pace = ShippingPace()
        pace.refused(5)
        #expect(pace.batchMax == 2)
        pace.refused(2)
        pace.refused(1)
        #expect(pace.batchMax == 1)
        let sizes = (0..<11).map { _ in
            pace.arrived()
            return pace.batchMax
        }
        #expect(sizes == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000])
    }

    @Test func `nothing is tried again without a pause, and the pauses are bounded`() {
        var pace = ShippingPace()
        #expect(pace.pause == .zero)
        pace.refused(1000)
        #expect(pace.pause == AgentLimits.refusalPause && pace.pause > .zero)
        let pauses = (0..<8).map { _ in
            pace.failed()
            return pace.pause
        }
        #expect(pauses.first == AgentLimits.shippingPauseMin)
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(pauses.last == AgentLimits.shippingPauseMax)
        pace.arrived()
        #expect(pace.pause == .zero)
    }
}
