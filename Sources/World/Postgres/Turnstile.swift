internal import Glibc

/// Lets one at a time through to each database, so that probes and inspections together hold one
/// connection at most.
final class Turnstile: @unchecked Sendable {
    static let shared = Turnstile()

    private var mutex = pthread_mutex_t()
    private var changed = pthread_cond_t()
    private var busy: Set<String> = []

    private init() {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_mutex_init(&mutex, nil)
        pthread_cond_init(&changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    /// Waits for its turn until the deadline.
    func pass<Value>(
        to url: PostgresURL, by deadline: ContinuousClock.Instant,
        _ work: () throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        guard enter(url.place, by: deadline) else { throw .timedOut }
        defer { leave(url.place) }
        return try work()
    }

    private func enter(_ place: String, by deadline: ContinuousClock.Instant) -> Bool {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        let milliseconds = deadline.millisecondsLeft
        end.tv_sec += Int(milliseconds / 1000)
        end.tv_nsec += Int(milliseconds % 1000) * 1_000_000
        if end.tv_nsec >= 1_000_000_000 {
            end.tv_sec += 1
            end.tv_nsec -= 1_000_000_000
        }
        while busy.contains(place) {
            if pthread_cond_timedwait(&changed, &mutex, &end) == ETIMEDOUT { return false }
        }
        busy.insert(place)
        return true
    }

    private func leave(_ place: String) {
        pthread_mutex_lock(&mutex)
        busy.remove(place)
        pthread_cond_broadcast(&changed)
        pthread_mutex_unlock(&mutex)
    }
}
