internal import CollectorProtocol
internal import StackModel

/// How many records go to the database at once, and what is waited for before the next ones. Pure.
struct ShippingPace: Equatable {
    private(set) var batchMax = CollectorLimits.shipRecordsMax
    /// Zero: at once.
    private(set) var pause = Duration.zero

    /// They are there, and it is noted: the next ones may be more.
    mutating func arrived() {
        batchMax = min(batchMax * 2, CollectorLimits.shipRecordsMax)
        pause = .zero
    }

    /// None of them is there, or nobody could note that they are.
    mutating func failed() {
        pause = min(AgentLimits.shippingPauseMax, max(AgentLimits.shippingPauseMin, pause * 2))
    }

    /// One of `count` can never be there: the half of them is looked at next, until it is found.
    mutating func refused(_ count: Int) {
        batchMax = max(count / 2, 1)
        pause = AgentLimits.refusalPause
    }

    /// There is a reason to try at once.
    mutating func hurry() { pause = .zero }
}
