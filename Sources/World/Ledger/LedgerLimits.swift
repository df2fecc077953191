internal import StackModel

/// The bounds of this module, each with its reason.
package struct LedgerLimits: Sendable {
    /// Measures and events that wait for the disk or for its mending: minutes of them for a usual stack.
    package var waitingBytesMax = 4 << 20
    /// All that waits, alerts included: more than 10,000 of them with their evidence.
    package var waitingAlertBytesMax = 48 << 20
    /// Questions that wait: more than a thousand operators ask at once.
    package var questionsMax = 1024
    /// What one transaction takes on, so that neither it nor the file beside the ledger grows long.
    package var transactionEntriesMax = 1000
    /// Raw measures wait so long for something else to be written with them: an fsync each second wears disks out.
    package var companyWait: Duration = .seconds(10)
    /// The pauses between attempts to write again double from the one to the other.
    package var retryFirst: Duration = .seconds(1)
    package var retryMax: Duration = .seconds(60)
    /// Losses are told at most so often.
    package var lossReports: Duration = .seconds(60)

    /// A day of alert storm, or weeks of measures, without a database.
    package var outboxRowsMax = 500_000
    package var outboxBytesMax = 256 << 20
    package var eventsMax = 100_000
    package var resolvedAlertsMax = 10_000
    /// An alert that lasts for weeks is reminded of, and spreads, again and again.
    package var alertEventsMax = 100_000
    /// Years of them: expected times are learned from a few.
    package var rolloutsMax = 1000
    /// About 30 MB each: 20 subjects for their whole retention, more subjects for less.
    package var rawRowsMax = 250_000
    package var minuteRowsMax = 250_000
    package var hourRowsMax = 250_000
    /// Rows deleted with one transaction, beside twice what it wrote.
    package var pruneRowsMax = 200
    /// Damaged ledgers that are kept aside.
    package var asideMax = 3

    package init() {}

    /// Rows of one answer.
    static let answerRowsMax = 100_000
    /// Of what was not told before a death, the newest.
    static let untoldMax = 1000
    /// What an alert's evidence may take, or a rollout's failure; past it the lines are left out.
    static let alertBytesMax = 256 << 10
    /// SQLite's page cache, in KiB: the pages that are written to, and little more.
    static let cacheKiB = 256
    /// The file beside the ledger is cut back to it.
    static let journalBytes = 4 << 20
    /// Pages in it after which they are moved into the ledger: 2 MB.
    static let checkpointPages = 512
    /// Unused pages that the ledger keeps for what comes next: 4 MB.
    static let sparePages: Int64 = 1024
    /// A time that lies further ahead than this was written while the clock was wrong.
    static let clockSlack: Duration = .seconds(3600)

    func rowsMax(_ resolution: Resolution) -> Int {
        switch resolution {
        case .raw: rawRowsMax
        case .minute: minuteRowsMax
        case .hour: hourRowsMax
        }
    }
}
