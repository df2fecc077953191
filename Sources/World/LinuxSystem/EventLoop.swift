internal import CLinux
internal import Glibc
package import StackModel
package import SystemPackage

/// Waits for descriptors and alarms, and calls what waits for them: one thread, one thing at a time.
///
/// Handlers run to their end before the next; none may block. Not `Sendable`: it belongs to the thread that runs it.
/// Other threads reach it through `Inlet` only.
package final class EventLoop {
    /// Evidence of life goes before evidence of death: within one turn, lower values are served first.
    package enum Rank: Int { case signsOfLife, ordinary, signsOfDeath }

    package struct Interest: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let readable = Interest(rawValue: EPOLLIN.rawValue)
        package static let writable = Interest(rawValue: EPOLLOUT.rawValue)
        package static let exceptional = Interest(rawValue: EPOLLPRI.rawValue)
        /// Always reported, also unasked.
        package static let ended = Interest(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
    }

    package typealias Handler = (Interest) -> Void

    private struct Watch {
        let generation: UInt32
        let interest: Interest
        let rank: Rank
        let handler: Handler
    }

    private let epoll: Int32
    private var watches: [Int32: Watch] = [:]
    private var generation: UInt32 = 0
    private var alarms = AlarmQueue()
    private var isRunning = false
    /// Called after each turn, when all that was ready has been served.
    package var afterTurn: () -> Void = {}

    /// One turn's descriptors; what does not fit is served in the next.
    private static let eventsMax = 128

    package init() throws(SystemError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("make an event loop") }
    }

    deinit { close(epoll) }

    /// Calls `handler` whenever `descriptor` is ready. One watch a descriptor: a second replaces the first.
    package func watch(
        _ descriptor: FileDescriptor, for interest: Interest, rank: Rank = .ordinary,
        _ handler: @escaping Handler
    ) throws(SystemError) {
        generation &+= 1
        // The generation tells a ready event of this watch from one of a closed descriptor with the same number.
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor.rawValue))
        let operation = watches[descriptor.rawValue] == nil ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        guard epoll_ctl(epoll, operation, descriptor.rawValue, &event) == 0 else {
            throw SystemError("watch descriptor \(descriptor.rawValue)")
        }
        watches[descriptor.rawValue] = Watch(
            generation: generation, interest: interest, rank: rank, handler: handler)
    }

    /// Changes what a watched descriptor is watched for.
    package func setInterest(_ descriptor: FileDescriptor, _ interest: Interest) throws(SystemError)
    {
        guard let watch = watches[descriptor.rawValue], watch.interest != interest else { return }
        try self.watch(descriptor, for: interest, rank: watch.rank, watch.handler)
    }

    /// Call it before the descriptor is closed.
    package func unwatch(_ descriptor: FileDescriptor) {
        guard watches.removeValue(forKey: descriptor.rawValue) != nil else { return }
        var unused = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor.rawValue, &unused)
    }

    /// Calls `handler` once, not before `moment`.
    @discardableResult
    package func setAlarm(at moment: Moment, _ handler: @escaping () -> Void) -> AlarmID {
        alarms.insert(at: moment, handler)
    }

    @discardableResult
    package func setAlarm(after delay: Duration, _ handler: @escaping () -> Void) -> AlarmID {
        setAlarm(at: Clock.now() + delay, handler)
    }

    /// An alarm that has rung or was cancelled before is no error.
    package func cancel(_ alarm: AlarmID?) {
        if let alarm { alarms.cancel(alarm) }
    }

    /// Serves until `stop()`.
    package func run() throws(SystemError) {
        isRunning = true
        while isRunning { try turn(waitingAtMost: nil) }
    }

    package func stop() { isRunning = false }

    /// Waits once and serves what is ready.
    package func turn(waitingAtMost limit: Duration?) throws(SystemError) {
        var wait = alarms.next.map { max(0, ($0 - Clock.now()).nanoseconds) } ?? -1
        if let limit { wait = wait < 0 ? limit.nanoseconds : min(wait, limit.nanoseconds) }
        var ready = [epoll_event](repeating: epoll_event(), count: Self.eventsMax)
        let count = catalyst_epoll_wait(epoll, &ready, Int32(Self.eventsMax), wait)
        guard count >= 0 || errno == EINTR else { throw SystemError("wait for events") }
        serve(ready.prefix(Int(max(0, count))))
        // One look at the clock: an alarm that sets itself again rings in the next turn, after what is ready then.
        let now = Clock.now()
        while let handler = alarms.popDue(at: now) { handler() }
        afterTurn()
    }

    private func serve(_ events: ArraySlice<epoll_event>) {
        for rank in [Rank.signsOfLife, .ordinary, .signsOfDeath] {
            for event in events {
                let descriptor = Int32(truncatingIfNeeded: event.data.u64)
                // Looked up again each time: an earlier handler may have ended this watch.
                guard let watch = watches[descriptor], watch.rank == rank,
                    watch.generation == UInt32(event.data.u64 >> 32)
                else { continue }
                watch.handler(Interest(rawValue: event.events))
            }
        }
    }
}
