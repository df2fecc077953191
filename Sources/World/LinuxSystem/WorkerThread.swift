internal import CLinux
internal import Glibc

/// A thread that does one thing after another, for what must not block the loop. At most `capacity` things wait.
package final class WorkerThread: @unchecked Sendable {
    private var mutex = pthread_mutex_t()
    private var changed = pthread_cond_t()
    private var jobs: [@Sendable () -> Void] = []
    private var isEnding = false
    private let capacity: Int
    private var thread = pthread_t()

    package init(named name: String, capacity: Int) {
        self.capacity = capacity
        pthread_mutex_init(&mutex, nil)
        pthread_cond_init(&changed, nil)
        let box = Unmanaged.passRetained(self)
        let made = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<WorkerThread>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, box.toOpaque())
        if made == 0 { catalyst_name_thread(thread, name) } else { box.release() }
    }

    /// Whether there was room.
    @discardableResult
    package func post(_ job: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        guard jobs.count < capacity, !isEnding else { return false }
        jobs.append(job)
        pthread_cond_signal(&changed)
        return true
    }

    /// Does what waits, then ends. Blocks until then.
    package func finish() {
        pthread_mutex_lock(&mutex)
        isEnding = true
        pthread_cond_signal(&changed)
        pthread_mutex_unlock(&mutex)
        pthread_join(thread, nil)
    }

    private func work() {
        while true {
            pthread_mutex_lock(&mutex)
            while jobs.isEmpty, !isEnding { pthread_cond_wait(&changed, &mutex) }
            guard !jobs.isEmpty else {
                pthread_mutex_unlock(&mutex)
                return
            }
            let job = jobs.removeFirst()
            pthread_mutex_unlock(&mutex)
            job()
        }
    }
}
