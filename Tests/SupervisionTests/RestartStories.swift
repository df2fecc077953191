import StackModel
import Supervision
import TestSupport
import Testing

/// Restarts of several services.
struct RestartStories {
    private let chain = StackStories.chain
    private let up = StackStories.up

    @Test func `several are restarted one after another, dependents first`() {
        expectStory(
            of: chain,
            after: up,
            [
                .restartRequested(["redis", "news"]), end("news"), well("news"), end("redis"),
                well("redis"),
            ],
            """
            restart redis news  → news stopping to start
            news emptied        → news held, news starting
            news healthy        → news up, redis stopping to start
            redis emptied       → redis held, redis starting
            redis healthy       → redis up
            """)
    }

    @Test func `the rollout order of the file goes first`() {
        expectStory(
            of: chain,
            after: up,
            [
                .restartRequested(["redis", "news", "scanner"]), end("news"), well("news"),
                end("redis"),
                well("redis"),
            ], rolloutOrder: ["news", "redis"],
            """
            restart redis news scanner  → news stopping to start
            news emptied                → news held, news starting
            news healthy                → news up, redis stopping to start
            redis emptied               → redis held, redis starting
            redis healthy               → redis up, scanner stopping to start
            """)
    }

    @Test func `after a crash the others keep their instances`() {
        expectStory(
            of: chain,
            after: up,
            [.restartRequested(["redis", "news", "scanner"]), end("scanner")]
                + crash("scanner"),
            """
            restart redis news scanner  → scanner stopping to start
            scanner emptied             → scanner held, scanner starting
            scanner exited(1)           → kill scanner, abandoned at scanner: news redis
            scanner emptied             → scanner held(1), scanner starting(1)
            """)
        expectStory(
            of: chain,
            after: up,
            [
                .restartRequested(["redis", "news", "scanner"]), end("scanner"),
                .judged("scanner", .unhealthy, hung: false),
            ],
            """
            restart redis news scanner  → scanner stopping to start
            scanner emptied             → scanner held, scanner starting
            scanner unhealthy           → scanner stopping after unhealthy, abandoned at scanner: news redis
            """)
    }

    @Test func `a restart that waits for what will not come is abandoned`() {
        expectStory(
            of: chain,
            after: up,
            [
                .restartRequested(["news", "scanner"]), .stopRequested(["news"]), end("news"),
                end("scanner"),
            ],
            """
            restart news scanner  → scanner stopping to start
            stop news             → news stopping to rest
            news emptied          → news down
            scanner emptied       → scanner held
            """)
        expectStory(
            of: chain,
            after: up,
            [
                .restartRequested(["redis", "scanner"]), .stopRequested(["news"]), end("news"),
                end("scanner"),
            ],
            """
            restart redis scanner  → scanner stopping to start
            stop news              → news stopping to rest
            news emptied           → news down
            scanner emptied        → scanner held, abandoned at scanner: redis
            """)
    }

    @Test func `those that do not run just start, and bring what they need`() {
        expectStory(
            of: chain,
            [
                .restartRequested(["news"]), well("redis"), well("news"),
                .restartRequested(["redis"]),
            ],
            """
            restart news   → redis held, news held, redis starting
            redis healthy  → redis up, news starting
            news healthy   → news up
            restart redis  → redis stopping to start
            """)
    }

    @Test func `a dependency that is on its way down comes back for a restart`() {
        expectStory(
            of: chain,
            after: up,
            [
                .stopRequested(["redis"]), .restartRequested(["news"]), end("redis"), well("redis"),
            ],
            """
            stop redis     → redis stopping to rest
            restart news   → redis stopping to start, news stopping to start
            redis emptied  → redis held, redis starting
            redis healthy  → redis up
            """)
    }

    @Test func `a job is not done again because something that needs it is restarted`() {
        let job = ServiceSpec.service("migrate", probed: .none) { $0.restart.condition = .never }
        let news = ServiceSpec.service("news", needs: [Dependency(on: "migrate", .completed)])
        expectStory(
            of: [job, news],
            [.began(stopped: [])] + crash("migrate", .exited(code: 0))
                + [well("news"), .restartRequested(["news"]), end("news"), well("news")],
            """
            begin              → migrate held, news held, migrate starting, migrate up
            migrate exited(0)  → kill migrate
            migrate emptied    → migrate ended(0), news starting
            news healthy       → news up
            restart news       → news stopping to start
            news emptied       → news held, news starting
            news healthy       → news up
            """)
    }

    @Test func `dependents that ask for it are restarted after what they need`() {
        let news = ServiceSpec.service(
            "news", needs: [Dependency(on: "redis", .healthy, restart: true)])
        expectStory(
            of: [
                StackStories.redis, news,
                .service("other", needs: [Dependency(on: "redis", restart: true)]),
            ],
            [
                .startRequested(["news"]), well("redis"), well("news"),
                .restartRequested(["redis"]), end("redis"),
                well("redis"), end("news"),
            ],
            """
            start news     → redis held, news held, redis starting
            redis healthy  → redis up, news starting
            news healthy   → news up
            restart redis  → redis stopping to start
            redis emptied  → redis held, redis starting
            redis healthy  → redis up, news stopping to start
            news emptied   → news held, news starting
            """)
    }

    private func well(_ name: ServiceName) -> Stack.Event { StackStories.well(name) }
    private func end(_ name: ServiceName) -> Stack.Event { StackStories.end(name) }
    private func crash(_ name: ServiceName, _ reason: ExitReason = .exited(code: 1)) -> [Stack
        .Event]
    {
        StackStories.crash(name, reason)
    }
}
