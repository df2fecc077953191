internal import LinuxSystem
package import StackModel
internal import Synchronization

/// What the agent remembers on disk: a SQLite file, on a thread of its own. No call of it waits for the disk.
///
/// All callbacks come on the ledger's thread, and must be quick. The exception: what finds no room, or comes after
/// `finish`, is refused at once, before the call returns.
package final class LedgerKeeper: Sendable {
    private let tray: Tray
    private let thread = WorkerThread(named: "ledger", capacity: 1)
    private let isJoined = Mutex(false)

    /// Opens the ledger at `path`, or makes it; `report` then says `opened`. One program at a time can have it.
    package init(
        path: String, limits: LedgerLimits = LedgerLimits(), outbox: LedgerEntry.Switch = .on,
        wallTime: @escaping @Sendable () -> Timestamp = { Clock.wallTime() },
        report: @escaping @Sendable (LedgerEvent) -> Void
    ) {
        let tray = Tray(limits: limits)
        self.tray = tray
        thread.post {
            let recorder = Recorder(
                path: path, limits: limits, outbox: outbox, tray: tray, wallTime: wallTime,
                report: report)
            recorder.work()
            tray.ended()
        }
    }

    /// Remembers all of `entries` or none, after what was written before.
    ///
    /// What waits when the disk is ready for more is written together, so a thousand small writes are as quick as a
    /// big one.
    package func write(
        _ entries: [LedgerEntry], done: (@Sendable (LedgerReceipt) -> Void)? = nil
    ) {
        tray.put(LedgerWrite(entries: entries, done: done))
    }

    /// The same; `prepare` is called once, on the ledger's thread, for what takes time to find out.
    package func write(
        preparing prepare: @escaping @Sendable () -> [LedgerEntry],
        done: (@Sendable (LedgerReceipt) -> Void)? = nil
    ) {
        tray.put(LedgerWrite(entries: [], prepare: prepare, done: done))
    }

    /// Whether what comes from now on is also kept for the database.
    package func setOutbox(_ outbox: LedgerEntry.Switch) { write([.outbox(outbox)]) }

    /// Writes what waits, and closes. Blocks until then, at most for `limit`; false: the disk needs longer.
    @discardableResult
    package func finish(within limit: Duration) -> Bool {
        tray.end()
        guard tray.waitForEnd(until: Clock.now() + limit) else { return false }
        isJoined.withLock { isJoined in
            if !isJoined { thread.finish() }
            isJoined = true
        }
        return true
    }

    deinit { tray.end() }

    func ask<Value: Sendable>(
        _ question: @escaping @Sendable (Store) throws(LedgerError) -> Value,
        _ answer: @escaping @Sendable (Result<Value, LedgerError>) -> Void
    ) {
        let hasRoom = tray.put { store in
            do throws(LedgerError) {
                answer(.success(try question(store.get())))
                return nil
            } catch {
                answer(.failure(error))
                return error
            }
        }
        if !hasRoom {
            answer(.failure(LedgerError(.obstacle, "too many questions wait for the ledger")))
        }
    }
}
