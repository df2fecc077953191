internal import LinuxSystem
internal import StackModel

/// The ledger's thread: opens the file, writes what waits, answers questions, and copes when the disk does not.
final class Recorder {
    private let opening: Opening
    private let limits: LedgerLimits
    private let tray: Tray
    private let report: @Sendable (LedgerEvent) -> Void
    private let wallTime: @Sendable () -> Timestamp
    private var outbox: LedgerEntry.Switch
    private var store: Store?
    /// Not on the disk yet.
    private var backlog: WaitingWrites
    private var trouble: Trouble?
    /// Until when new trouble counts as the old one's return.
    private var relapse: (until: Moment, pause: Duration)?
    private var identity: String?
    /// Not told yet …
    private var loss = LedgerLoss()
    /// … and not counted in the ledger yet.
    private var uncounted = LedgerLoss()
    private var lossTold: Moment?

    private struct Trouble {
        let error: LedgerError
        var nextTry: Moment
        var pause: Duration
    }

    init(
        path: String, limits: LedgerLimits, outbox: LedgerEntry.Switch, tray: Tray,
        wallTime: @escaping @Sendable () -> Timestamp,
        report: @escaping @Sendable (LedgerEvent) -> Void
    ) {
        opening = Opening(path: path, limits: limits, wallTime: wallTime)
        self.limits = limits
        self.tray = tray
        self.report = report
        self.wallTime = wallTime
        self.outbox = outbox
        backlog = WaitingWrites(limits: limits)
    }

    func work() {
        settle()
        while let work = tray.take(until: trouble?.nextTry) {
            note(work.loss)
            for write in work.writes { take(on: write) }
            if trouble.map({ Clock.now() >= $0.nextTry }) ?? !backlog.isEmpty { settle() }
            for question in work.questions { answer(question) }
            tellLoss()
        }
        if !backlog.isEmpty { settle() }
        close()
    }

    private func take(on write: LedgerWrite) {
        var write = write
        if let prepare = write.prepare {
            write.prepare = nil
            write.entries += prepare()
        }
        if let trouble { write.tell(.failed(trouble.error.description)) }
        keep(backlog.append(write))
    }

    private func note(_ lost: LedgerLoss) {
        loss += lost
        uncounted += lost
    }

    private func keep(_ overflow: WaitingWrites.Overflow) {
        note(overflow.loss)
        for var write in overflow.refused { write.tell(.failed(Tray.noRoom)) }
    }

    /// Brings the file up to date, or notes why that cannot be.
    private func settle() {
        do throws(LedgerError) {
            try bringUpToDate()
            guard let past = trouble else { return }
            trouble = nil
            relapse = (Clock.now() + limits.retryMax, past.pause)
            // So that whoever hears of the mending knows what is missing.
            tellLoss(isMending: true)
            report(.mended)
        } catch {
            note(error)
        }
    }

    private func bringUpToDate() throws(LedgerError) {
        do throws(LedgerError) {
            try flush()
        } catch  where error.kind == .damage {
            // Damage shows when a page is read, which may be long after opening.
            try startAgain(because: error)
            try flush()
        }
    }

    private func flush() throws(LedgerError) {
        // A file that was taken away takes writes as if nothing were wrong.
        if trouble != nil || store?.hasMoved == true { close() }
        let store = try openStore()
        while !backlog.isEmpty {
            let batch = backlog.take(entriesMax: limits.transactionEntriesMax)
            try write(batch, to: store)
        }
    }

    private func write(_ batch: [LedgerWrite], to store: Store) throws(LedgerError) {
        do throws(LedgerError) {
            let receipts = try store.write(batch, lost: uncounted)
            uncounted = LedgerLoss()
            for (write, receipt) in zip(batch, receipts) {
                var write = write
                write.tell(receipt)
            }
        } catch {
            keep(backlog.putBack(batch))
            throw error
        }
    }

    private func note(_ error: LedgerError) {
        close()
        let isNew = trouble == nil
        let now = Clock.now()
        // A disk that is full again and again is not told of each second.
        let earlier = trouble?.pause ?? relapse.flatMap { now < $0.until ? $0.pause : nil }
        let pause = earlier.map { min($0 * 2, limits.retryMax) } ?? limits.retryFirst
        trouble = Trouble(error: error, nextTry: now + pause, pause: pause)
        if isNew { report(.failing(error.description)) }
        backlog.tellAll(.failed(error.description))
    }

    private func answer(_ question: Tray.Question) {
        let answerer: Result<Store, LedgerError> =
            store.map { .success($0) } ?? .failure(trouble?.error ?? LedgerError.closed)
        guard let error = question(answerer), error.kind == .damage, trouble == nil else { return }
        do throws(LedgerError) {
            try startAgain(because: error)
        } catch {
            note(error)
        }
    }

    private func tellLoss(isMending: Bool = false) {
        guard loss.total > 0 || store?.loss.total ?? 0 > 0 else { return }
        let now = Clock.now()
        if !isMending, let lossTold, now < lossTold + limits.lossReports { return }
        lossTold = now
        if let lost = store?.takeLoss() { loss += lost }
        report(.dropped(loss))
        loss = LedgerLoss()
    }

    private func openStore() throws(LedgerError) -> Store {
        if let store { return store }
        let opened = try opening.open(outbox: outbox)
        if let aside = opened.setAside { report(.setAside(path: aside.path, why: aside.why)) }
        store = opened.store
        if identity != opened.contents.identity { report(.opened(opened.contents)) }
        identity = opened.contents.identity
        return opened.store
    }

    private func startAgain(because error: LedgerError) throws(LedgerError) {
        close()
        let path = try opening.setAside()
        report(.setAside(path: path, why: error.description))
        _ = try openStore()
    }

    private func close() {
        if let store {
            outbox = store.outbox
            loss += store.takeLoss()
            store.close()
        }
        store = nil
    }
}

extension LedgerError {
    static let closed = LedgerError(.obstacle, "the ledger is not open")
}
