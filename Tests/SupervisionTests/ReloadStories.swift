import StackModel
import Supervision
import TestSupport
import Testing

/// A new stack file under running services.
struct ReloadStories {
    private let chain = StackStories.chain
    private let up = StackStories.up

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
