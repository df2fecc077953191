internal import Glibc
internal import LinuxSystem
internal import StackModel

/// What other threads want of the ledger's, until it has time for it.
final class Tray: @unchecked Sendable {
    /// Is given the open ledger, or the reason why there is none; answers, and returns what went wrong.
    typealias Question = @Sendable (Result<Store, LedgerError>) -> LedgerError?

    struct Work {
        var writes: [LedgerWrite]
        /// To be answered when the writes are written: who asks sees what he wrote.
        var questions: [Question]
        var loss: LedgerLoss
    }

    private var mutex = pthread_mutex_t()
    private var changed = pthread_cond_t()
    private let limits: LedgerLimits
    private var waiting: WaitingWrites
    private var questions: [Question] = []
    private var loss = LedgerLoss()
    /// When the first of the writes came that wait for company.
    private var patientSince: Moment?
    private var isUrgent = false
    private var isEnding = false
    private var hasEnded = false

    init(limits: LedgerLimits) {
        self.limits = limits
        waiting = WaitingWrites(limits: limits)
        pthread_mutex_init(&mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(&changed, &attributes)
    }

    deinit {
        pthread_cond_destroy(&changed)
        pthread_mutex_destroy(&mutex)
    }

    /// What finds no room is told so at once, on the caller's thread.
    func put(_ write: LedgerWrite) {
        var refused: [LedgerWrite] = []
        locked {
            guard !isEnding else {
                refused = [write]
                return
            }
            let overflow = waiting.append(write)
            loss += overflow.loss
            refused = overflow.refused
            if !write.isPatient {
                isUrgent = true
            } else if patientSince == nil {
                patientSince = Clock.now()
            }
            pthread_cond_broadcast(&changed)
        }
        for var write in refused { write.tell(.failed(Self.noRoom)) }
    }

    /// False: too many wait already.
    func put(_ question: @escaping Question) -> Bool {
        locked {
            guard questions.count < limits.questionsMax, !isEnding else { return false }
            questions.append(question)
            isUrgent = true
            pthread_cond_broadcast(&changed)
            return true
        }
    }

    /// Waits for something to do, or until `limit`; nil: there will be nothing any more.
    func take(until limit: Moment?) -> Work? {
        locked {
            while !isUrgent, !isEnding, !wait(until: earliest(limit, patienceEnds)) {}
            guard !isEnding || !waiting.isEmpty || !questions.isEmpty else { return nil }
            let work = Work(writes: waiting.take(), questions: questions, loss: loss)
            (questions, loss, patientSince, isUrgent) = ([], LedgerLoss(), nil, false)
            return work
        }
    }

    /// No more is taken on.
    func end() {
        locked {
            isEnding = true
            pthread_cond_broadcast(&changed)
        }
    }

    /// Told by the ledger's thread as its last.
    func ended() {
        locked {
            hasEnded = true
            pthread_cond_broadcast(&changed)
        }
    }

    /// Whether the ledger's thread was done by then.
    func waitForEnd(until limit: Moment) -> Bool {
        locked {
            while !hasEnded, !wait(until: limit) {}
            return hasEnded
        }
    }

    static let noRoom = "the ledger has no room for what waits for its disk"

    private var patienceEnds: Moment? { patientSince.map { $0 + limits.companyWait } }

    /// True: it is so late.
    private func wait(until limit: Moment?) -> Bool {
        guard let limit else { return pthread_cond_wait(&changed, &mutex) != 0 }
        let second: Int64 = 1_000_000_000
        var time = timespec(
            tv_sec: Int(limit.nanoseconds / second), tv_nsec: Int(limit.nanoseconds % second))
        return pthread_cond_timedwait(&changed, &mutex, &time) == ETIMEDOUT
    }

    private func earliest(_ one: Moment?, _ other: Moment?) -> Moment? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        return body()
    }
}
