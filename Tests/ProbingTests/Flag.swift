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
    var tries = 0
    while !condition() {
        // On a starved machine the limit may be over before there was a second look.
        tries += 1
        guard ContinuousClock.now < deadline || tries < 50 else { return false }
        await Task.yield()
        try? await Task.sleep(for: .milliseconds(2))  // Cancelled: look again at once.
    }
    return true
}
