internal import NIOCore
internal import NIOPosix
internal import Postgres
internal import Redis

/// What the service needs of others, asked for real, at most once a second. Confined to its event
/// loop.
final class Dependencies {
    /// In the words of `/health`.
    struct State {
        var database: String
        var redis: String
    }

    private let redis: String?
    private let postgres: String?
    private let threads: NIOThreadPool
    private let loop: any EventLoop
    private var known: (state: State, time: NIODeadline)?
    private var waiting: [(State) -> Void] = []

    init(redis: String?, postgres: String?, threads: NIOThreadPool, on loop: any EventLoop) {
        self.redis = redis
        self.postgres = postgres
        self.threads = threads
        self.loop = loop
    }

    func state(then use: @escaping (State) -> Void) {
        if let known, NIODeadline.now() - known.time < .seconds(1) { return use(known.state) }
        waiting.append(use)
        guard waiting.count == 1 else { return }
        let database = check(postgres) { url in try ping(postgres: url, within: .seconds(2)) }
        let redis = check(redis) { url in try ping(RedisURL(url), within: .seconds(2)) }
        database.and(redis).assumeIsolated().whenSuccess {
            self.settle(State(database: $0, redis: $1))
        }
    }

    private func settle(_ state: State) {
        known = (state, .now())
        let waiting = waiting
        self.waiting = []
        for use in waiting { use(state) }
    }

    private func check(
        _ url: String?, _ ping: @escaping @Sendable (String) throws -> Void
    ) -> EventLoopFuture<String> {
        guard let url else { return loop.makeSucceededFuture("not configured") }
        return threads.runIfActive(eventLoop: loop) {
            do {
                try ping(url)
                return "connected"
            } catch {
                return "disconnected"
            }
        }.recover { _ in "disconnected" }
    }
}
