internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Postgres
internal import Redis
internal import StackModel
internal import Synchronization

extension Prober {
    /// `PING`. Where the listener is awaited, the port is tried until somebody accepts; only then
    /// Redis is asked.
    func askRedis(_ text: String, for inquiry: Inquiry) {
        let url: RedisURL
        do throws(RedisError) { url = try RedisURL(text) } catch {
            return inquiry.finish(.unknown("\(error)"))
        }
        guard inquiry.question.awaitsListener else { return pingRedis(url, for: inquiry) }
        connect(to: url.host, url.port, for: inquiry) { socket in
            close(socket)
            self.pingRedis(url, for: inquiry)
        }
    }

    private func pingRedis(_ url: RedisURL, for inquiry: Inquiry) {
        perform(for: inquiry) { limit -> Report.Outcome in
            do throws(RedisError) {
                try ping(url, within: limit)
                return .healthy
            } catch {
                return error.outcome
            }
        } then: {
            inquiry.finish($0)
        }
    }

    /// `SELECT 1`.
    func askPostgres(_ url: String, for inquiry: Inquiry) {
        perform(for: inquiry) { limit -> Report.Outcome in
            do throws(PostgresError) {
                try ping(postgres: url, within: limit)
                return .healthy
            } catch {
                return error.outcome
            }
        } then: {
            inquiry.finish($0)
        }
    }

    /// Does `work`, which may block for the time it is given, on a thread, and goes on with its
    /// result on the loop.
    func perform<Value: Sendable>(
        for inquiry: Inquiry, _ work: @escaping @Sendable (Duration) -> Value,
        then use: @escaping (Value) -> Void
    ) {
        let turn = Turn()
        inquiry.abandon = { turn.isOver.store(true, ordering: .relaxed) }
        inquiry.outcomeAtDeadline = {
            turn.hasCome.load(ordering: .relaxed)
                ? .failed(.timedOut)
                : .unknown("cannot ask: all threads wait for other slow servers")
        }
        let deadline = ContinuousClock.now + inquiry.remaining
        let bound = NIOLoopBound((inquiry, use), eventLoop: loop)
        let loop = loop
        threads.submit { state in
            guard case .active = state, !turn.isOver.load(ordering: .relaxed) else { return }
            turn.hasCome.store(true, ordering: .relaxed)
            let value = work(deadline - .now)
            loop.execute {
                let (inquiry, use) = bound.value
                guard !inquiry.isOver else { return }
                inquiry.abandon = {}
                use(value)
            }
        }
    }
}

/// What a thread and the loop tell each other about a piece of work.
private final class Turn: Sendable {
    let hasCome = Atomic(false)
    let isOver = Atomic(false)
}

extension RedisError {
    fileprivate var outcome: Report.Outcome {
        switch self {
        case .malformedURL, .unable: .unknown("\(self)")
        case .refused: .failed(.refused)
        case .timedOut: .failed(.timedOut)
        case .failed: .failed(.other("\(self)"))
        }
    }
}

extension PostgresError {
    fileprivate var outcome: Report.Outcome {
        switch self {
        case .malformedURL, .unable: .unknown("\(self)")
        case .timedOut: .failed(.timedOut)
        case .failed: .failed(.other("\(self)"))
        }
    }
}
