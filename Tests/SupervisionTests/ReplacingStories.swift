import StackModel
import Supervision
import TestSupport
import Testing

/// What rollouts, and an agent that follows another, ask of the stack.
struct ReplacingStories {
    private var changed: ServiceSpec {
        var spec = StackStories.news
        spec.command = ["/bin/news", "2"]
        return spec
    }

    @Test func `a service is replaced in its place, whatever it does`() {
        expectStory(
            of: StackStories.chain, after: StackStories.up,
            [
                .replaceRequested(changed), StackStories.end("news"), StackStories.well("news"),
                .happened("news", .exited(.exited(code: 1))), .replaceRequested(changed),
                StackStories.end("news"),
            ],
            """
            replace news    → news stopping to start
            news emptied    → news held, news starting
            news healthy    → news up
            news exited(1)  → kill news
            replace news    → –
            news emptied    → news held, news starting
            """)
    }

    @Test func `one that the operator has stopped only takes the definition`() {
        expectStory(
            of: StackStories.chain, after: [.began(stopped: ["news"])],
            [.replaceRequested(changed), .startRequested(["news"]), StackStories.well("redis")],
            """
            replace news   → –
            start news     → news held
            redis healthy  → redis up, news starting
            """)
        var stack = Stack(StackSpec(name: "s", services: StackStories.chain))
        let now = Lifecycle.Surroundings(now: .zero, chance: 0)
        _ = stack.receive(.began(stopped: ["news"]), in: now)
        _ = stack.receive(.replaceRequested(changed), in: now)
        #expect(stack.members["news"]?.spec.command == ["/bin/news", "2"])
    }

    @Test func `a new service joins, and a service leaves when it is asked to`() {
        expectStory(
            of: StackStories.chain, after: StackStories.up,
            [
                .replaceRequested(.service("fresh", needs: [Dependency(on: "redis", .healthy)])),
                StackStories.well("fresh"), .removeRequested("scanner"),
                StackStories.end("scanner"),
            ],
            """
            replace fresh    → fresh held, fresh starting
            fresh healthy    → fresh up
            remove scanner   → scanner stopping to rest
            scanner emptied  → scanner down, remove scanner
            """)
    }

    @Test func `another instance took over, and the life before it is forgotten`() {
        expectStory(
            of: StackStories.chain,
            after: StackStories.up + StackStories.crash("news") + StackStories.crash("news"),
            [
                .tookOver(changed), .happened("news", .alarmRang),
                .judged("news", .unhealthy, hung: false),
            ],
            """
            another took over news  → news up
            news alarmRang          → –
            news unhealthy          → news stopping after unhealthy
            """)
    }

    @Test func `what runs already is looked after, and what is not wanted of it stops`() {
        expectStory(
            of: StackStories.chain,
            [
                .began(stopped: ["scanner"], running: ["redis": 4, "scanner": 2]),
                StackStories.well("redis"), StackStories.end("scanner"),
                .happened("redis", .exited(.unknown)), StackStories.end("redis"),
            ],
            """
            begin without scanner, finding redis scanner  → redis held, news held, scanner held, redis starting, scanner starting, scanner stopping to rest
            redis healthy                                 → redis up, news starting
            scanner emptied                               → scanner down
            redis exited(unknown)                         → kill redis
            redis emptied                                 → redis held(1), redis starting(1)
            """)
        var stack = Stack(StackSpec(name: "s", services: StackStories.chain))
        _ = stack.receive(
            .began(stopped: [], running: ["redis": 4]),
            in: Lifecycle.Surroundings(now: .zero, chance: 0))
        #expect(stack.members["redis"]?.instances == 4)
    }
}
