internal import Glibc
internal import StackModel

/// What two threads share: a lock, and a way to wait for a change.
///
/// pthread's, because the thread sanitizer sees through these.
final class Guarded<State>: @unchecked Sendable {
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let change = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(change, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(change)
        pthread_mutex_destroy(mutex)
        change.deallocate()
        mutex.deallocate()
    }

    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Wakes who waits, once the lock is released.
    func announce() { pthread_cond_signal(change) }

    /// Asks `body` now and after each change, until it has an answer or `limit` is over.
    func wait<Result>(atMost limit: Duration?, for body: (inout State) -> Result?) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var deadline = limit.map(Self.time(after:)) ?? timespec()
        while true {
            if let result = body(&state) { return result }
            if limit == nil {
                pthread_cond_wait(change, mutex)
            } else if pthread_cond_timedwait(change, mutex, &deadline) != 0 {
                return body(&state)
            }
        }
    }

    private static func time(after delay: Duration) -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let nanoseconds = Int64(time.tv_nsec) + delay.nanoseconds
        time.tv_sec += Int(nanoseconds / 1_000_000_000)
        time.tv_nsec = Int(nanoseconds % 1_000_000_000)
        return time
    }
}
