import StackModel
import Supervision
import TestSupport
import Testing

/// Restarts for bad health are few, and never of one together with what it needs.
struct BrakeStories {
    private static func ill(_ name: ServiceName) -> Stack.Event {
        .judged(name, .unhealthy, hung: false)
    }
    private static func well(_ name: ServiceName) -> Stack.Event {
        .judged(name, .healthy, hung: false)
    }
    private static let five = ["a", "b", "c", "d", "e"].map { ServiceSpec.service($0) }
    private static let up = [.began(stopped: [])] + five.map { well($0.name) }

    @Test func `three are restarted for bad health, the next is held until there is room again`() {
        expectStory(
            of: Self.five, after: Self.up,
            [
                Self.ill("a"), Self.ill("b"), Self.ill("c"), Self.ill("d"), Self.ill("d"),
                Self.well("d"), Self.ill("d"),
            ],
            """
            a unhealthy  → a stopping after unhealthy
            b unhealthy  → b stopping after unhealthy
            c unhealthy  → c stopping after unhealthy
            d unhealthy  → brake d
            d unhealthy  → –
            d healthy    → –
            d unhealthy  → brake d
            """)
    }

    @Test func `crashes and requests are nothing to the brake`() {
        expectStory(
            of: Self.five, after: Self.up + [Self.ill("a"), Self.ill("b"), Self.ill("c")],
            StackStories.crash("d") + [.restartRequested(["e"])],
            """
            d exited(1)  → kill d
            d emptied    → d held(1), d starting(1)
            restart e    → e stopping to start
            """)
    }

    @Test func `what is needed waits while one that needs it is being replaced`() {
        expectStory(
            of: StackStories.chain, after: StackStories.up,
            [
                Self.ill("scanner"), Self.ill("redis"), StackStories.end("scanner"),
                Self.ill("redis"),
            ],
            """
            scanner unhealthy  → scanner stopping after unhealthy
            redis unhealthy    → brake redis
            scanner emptied    → scanner held(1), scanner starting(1)
            redis unhealthy    → redis stopping after unhealthy
            """)
    }

    @Test func `a start that takes too long is held by the brake as well`() {
        expectStory(
            of: Self.five + [.service("f")],
            after: Self.up + [Self.ill("a"), Self.ill("b"), Self.ill("c")],
            [.happened("f", .alarmRang), Self.well("f")],
            """
            f alarmRang  → brake f
            f healthy    → f up
            """)
    }

    @Test func `a thing in trouble is to blame for all that use it, or need one that does`() {
        let news = ServiceSpec.service("news") {
            $0.environment["DATABASE_URL"] = "postgres://db/catalyst"
        }
        let scanner = ServiceSpec.service("scanner", needs: [Dependency(on: "news", .healthy)])
        let up: [Stack.Event] = [
            .began(stopped: []), Self.well("news"), Self.well("scanner"), Self.well("a"),
        ]
        expectStory(
            of: [news, scanner, .service("a")], after: up,
            [
                .troubled(.postgres, true), Self.ill("news"), Self.ill("scanner"), Self.ill("a"),
                Self.well("scanner"), .troubled(.postgres, false), Self.ill("scanner"),
                Self.ill("news"),
            ],
            """
            postgres bad            → –
            news unhealthy          → –
            scanner unhealthy       → –
            a unhealthy             → a stopping after unhealthy
            scanner healthy         → –
            postgres no longer bad  → –
            scanner unhealthy       → –
            news unhealthy          → news stopping after unhealthy
            """)
    }

    @Test func `culprits are things and services, the deepest of them`() {
        let news = ServiceSpec.service("news", needs: [Dependency(on: "redis", .healthy)]) {
            $0.environment["DATABASE_URL"] = "postgresql://db/catalyst"
        }
        let scanner = ServiceSpec.service("scanner", needs: [Dependency(on: "news", .healthy)])
        var stack = Stack(StackSpec(name: "s", services: [.service("redis"), news, scanner]))
        let now = Lifecycle.Surroundings(now: .zero, chance: 0)
        for event in [Stack.Event.began(stopped: [])] { _ = stack.receive(event, in: now) }
        for name: ServiceName in ["redis", "news", "scanner"] {
            _ = stack.receive(.happened(name, .spawned(saysWhenReady: true)), in: now)
            _ = stack.receive(Self.well(name), in: now)
        }
        #expect(stack.culprits(behind: "scanner") == [])
        #expect(stack.needed(by: "scanner") == ["redis", "news"])
        #expect(stack.dependents(of: "redis") == ["news", "scanner"])
        #expect(stack.dependents(of: "@postgres") == ["news", "scanner"])
        _ = stack.receive(.judged("redis", .unknown, hung: false), in: now)
        _ = stack.receive(.judged("news", .blocked, hung: false), in: now)
        #expect(stack.culprits(behind: "scanner") == ["redis"])
        _ = stack.receive(.troubled(.postgres, true), in: now)
        #expect(stack.culprits(behind: "scanner") == ["@postgres", "redis"])
        #expect(stack.culprits(behind: "redis") == [])
    }
}
