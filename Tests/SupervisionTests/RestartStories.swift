import StackModel
import Supervision
import TestSupport
import Testing

/// Restarts and reloads of several services.
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

    @Test func `a reload starts what is new, ends what is gone, and restarts what changed`() {
        let changed = ServiceSpec.service("news", needs: [Dependency(on: "redis", .healthy)]) {
            $0.environment["A"] = "1"
        }
        let adjusted = ServiceSpec.service("redis") { $0.healthCheck.interval = .seconds(5) }
        let reporting = ServiceSpec.service("reporting", needs: [Dependency(on: "news", .healthy)])
        expectStory(
            of: chain,
            after: up,
            [.reloaded(StackSpec(name: "story", services: [adjusted, changed, reporting]))]
                + [end("news"), end("scanner"), well("news")],
            """
            reload redis news reporting  → adjust redis, adjust news, reporting held, scanner stopping to rest, news stopping to start
            news emptied                 → news held, news starting
            scanner emptied              → scanner down, remove scanner
            news healthy                 → news up, reporting starting
            """)
    }

    @Test func `what comes back before it is gone starts again`() {
        expectStory(
            of: chain,
            after: up,
            [
                .reloaded(StackSpec(name: "story", services: [StackStories.redis])),
                .reloaded(StackSpec(name: "story", services: chain)), end("scanner"),
            ],
            """
            reload redis               → scanner stopping to rest
            reload redis news scanner  → scanner stopping to start
            scanner emptied            → scanner held, scanner starting
            """)
    }

    @Test func `what is gone from the file cannot be started`() {
        expectStory(
            of: chain,
            after: up,
            [
                .reloaded(
                    StackSpec(name: "story", services: [StackStories.redis, StackStories.news])),
                .startRequested(["scanner"]), .restartRequested(["scanner"]), end("scanner"),
            ],
            """
            reload redis news  → scanner stopping to rest
            start scanner      → –
            restart scanner    → –
            scanner emptied    → scanner down, remove scanner
            """)
    }

    @Test func `a reload restarts nothing that is stopped, and tries what failed`() {
        let mended = ServiceSpec.service("news", needs: [Dependency(on: "redis", .healthy)]) {
            $0.command = ["/bin/mended"]
        }
        let spec = StackSpec(
            name: "story", services: [StackStories.redis, mended, StackStories.scanner])
        expectStory(
            of: chain,
            after: up,
            [
                .stopRequested(["news"]), .reloaded(spec), end("news"), .startRequested(["news"]),
            ],
            """
            stop news                  → news stopping to rest
            reload redis news scanner  → adjust news
            news emptied               → news down
            start news                 → news held, news starting
            """)
        expectStory(
            of: chain, after: up, crash("news") + crash("news") + [.reloaded(spec)],
            """
            news exited(1)             → kill news
            news emptied               → news held(1), news starting(1)
            news exited(1)             → kill news
            news emptied               → news waiting(2)
            reload redis news scanner  → adjust news, news held(2), news starting(2)
            """)
    }

    @Test func `neither a reload nor a shutdown restarts what has to go`() {
        let changed = ServiceSpec.service("redis") { $0.environment["A"] = "1" }
        let spec = StackSpec(
            name: "story", services: [changed, StackStories.news, StackStories.scanner])
        expectStory(
            of: chain, after: up,
            [.stopRequested(["redis", "scanner"]), .reloaded(spec), end("scanner"), end("redis")],
            """
            stop redis scanner         → scanner stopping to rest
            reload redis news scanner  → adjust redis
            scanner emptied            → scanner down, redis stopping to rest
            redis emptied              → redis down
            """)
        expectStory(
            of: chain, after: up,
            [
                .restartRequested(["redis", "news", "scanner"]), .shutdownRequested, end("scanner"),
                end("news"), end("redis"),
            ],
            """
            restart redis news scanner  → scanner stopping to start
            shutdown                    → scanner stopping to rest
            scanner emptied             → scanner down, news stopping to rest
            news emptied                → news down, redis stopping to rest
            redis emptied               → redis down, finished
            """)
    }

    @Test func `a reload that turns dependencies round leaves no ring`() {
        let first = [
            ServiceSpec.service("a", needs: [Dependency(on: "b", .started)]),
            ServiceSpec.service("b"),
        ]
        let second = [
            ServiceSpec.service("a") { $0.environment["A"] = "1" },
            ServiceSpec.service("b", needs: [Dependency(on: "a", .started)]),
        ]
        expectStory(
            of: first,
            [
                .began(stopped: []), .reloaded(StackSpec(name: "story", services: second)),
                .shutdownRequested,
                end("b"), end("a"),
            ],
            """
            begin       → b held, a held, b starting, a starting
            reload a b  → adjust a, adjust b, a stopping to start
            shutdown    → b stopping to rest, a stopping to rest
            b emptied   → b down
            a emptied   → a down, finished
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
