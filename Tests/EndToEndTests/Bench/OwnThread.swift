import Glibc
import Testing

/// Runs a suite's tests on threads that are theirs alone: they wait for processes most of their time, and a test of
/// another suite that computes must not make them miss what happens.
struct OwnThread: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true
    fileprivate let threads: Threads

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(threads) { try await function() }
    }
}

extension Trait where Self == OwnThread {
    static var ownThread: Self { OwnThread(threads: .forMost) }
    /// For tests with clients that ask all the time, or many processes.
    static var heavyLoad: Self { OwnThread(threads: .forHeavyLoad) }
}

private final class Threads: TaskExecutor, @unchecked Sendable {
    /// So many that waiting tests overlap, and so few that their agents do not starve each other.
    static let forMost = Threads(count: 4)
    /// Clients that ask all the time leave little to others.
    static let forHeavyLoad = Threads(count: 3)

    private var mutex = pthread_mutex_t()
    private var changed = pthread_cond_t()
    private var jobs: [UnownedJob] = []

    private init(count: Int) {
        pthread_mutex_init(&mutex, nil)
        pthread_cond_init(&changed, nil)
        for _ in 0..<count {
            var thread = pthread_t()
            let box = Unmanaged.passRetained(self)
            pthread_create(
                &thread, nil,
                { argument in
                    if let argument {
                        Unmanaged<Threads>.fromOpaque(argument).takeUnretainedValue().work()
                    }
                    return nil
                }, box.toOpaque())
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(&mutex)
        jobs.append(job)
        pthread_cond_signal(&changed)
        pthread_mutex_unlock(&mutex)
    }

    private func work() -> Never {
        while true {
            pthread_mutex_lock(&mutex)
            while jobs.isEmpty { pthread_cond_wait(&changed, &mutex) }
            let job = jobs.removeFirst()
            pthread_mutex_unlock(&mutex)
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
