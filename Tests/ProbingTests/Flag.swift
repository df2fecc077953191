internal import Synchronization

/// Something that happens once, waited for with a limit.
final class Flag: Sendable {
    private let raised = Atomic(false)

    func raise() { raised.store(true, ordering: .releasing) }

    func isRaised(within limit: Duration) async -> Bool {
        await holds(within: limit) { raised.load(ordering: .acquiring) }
    }
}

/// Whether `condition` comes true in time.
func holds(within limit: Duration, _ condition: () -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + limit
    while !condition() {
        guard ContinuousClock.now < deadline else { return false }
        await Task.yield()
        try? await Task.sleep(for: .milliseconds(2))  // Cancelled: look again at once.
    }
    return true
}
