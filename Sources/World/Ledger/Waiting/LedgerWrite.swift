/// Entries that belong together, and who wants to know what became of them.
struct LedgerWrite: Sendable {
    var entries: [LedgerEntry]
    /// Makes more of them, on the ledger's thread.
    var prepare: (@Sendable () -> [LedgerEntry])?
    /// Nil: told already.
    var done: (@Sendable (LedgerReceipt) -> Void)?
    /// What had to give way while it waited.
    var loss = LedgerLoss()

    var bytes: Int { entries.reduce(128) { $0 + $1.bytes } }
    /// Nothing is left of it, and nothing will come.
    var isEmpty: Bool { entries.isEmpty && prepare == nil }
    /// Nobody waits for it, and it may wait for company.
    var isPatient: Bool { done == nil && prepare == nil && entries.allSatisfy(\.isPatient) }

    /// Throws away what is worth no more than `worth`; returns the bytes that this frees.
    mutating func throwAway(_ worth: LedgerEntry.Worth) -> Int {
        let before = bytes
        for entry in entries where entry.worth == worth { loss += entry.loss }
        entries.removeAll { $0.worth == worth }
        return before - bytes
    }

    mutating func tell(_ receipt: LedgerReceipt) {
        done?(receipt)
        done = nil
    }
}
