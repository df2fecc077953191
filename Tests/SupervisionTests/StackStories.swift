import StackModel
import Supervision
import TestSupport
import Testing

/// How services start, stop and wait for each other, told event by event.
struct StackStories {
    static let redis = ServiceSpec.service("redis")
    static let news = ServiceSpec.service("news", needs: [Dependency(on: "redis", .healthy)])
    static let scanner = ServiceSpec.service("scanner", needs: [Dependency(on: "news", .healthy)])
    static let chain = [redis, news, scanner]
    static let up: [Stack.Event] = [
        .began(stopped: []), .judged("redis", .healthy, hung: false),
        .judged("news", .healthy, hung: false),
        .judged("scanner", .healthy, hung: false),
    ]

    static func crash(_ name: ServiceName, _ reason: ExitReason = .exited(code: 1)) -> [Stack.Event]
    {
        [.happened(name, .exited(reason)), .happened(name, .emptied)]
    }
    static func well(_ name: ServiceName) -> Stack.Event { .judged(name, .healthy, hung: false) }
    static func end(_ name: ServiceName) -> Stack.Event { .happened(name, .emptied) }

    @Test func `services start when what they need is healthy and stop the other way round`() {
        expectStory(
            of: Self.chain.reversed(),
            Self.up + [
                .shutdownRequested, Self.end("scanner"), Self.end("news"), Self.end("redis"),
            ],
            """
            begin            → redis held, news held, scanner held, redis starting
            redis healthy    → redis up, news starting
            news healthy     → news up, scanner starting
            scanner healthy  → scanner up
            shutdown         → scanner stopping to rest
            scanner emptied  → scanner down, news stopping to rest
            news emptied     → news down, redis stopping to rest
            redis emptied    → redis down, finished
            """)
    }

    @Test func `all that can start do so at once, in the order of the file`() {
        let others = ["pattern", "news", "technical"].map { name in
            ServiceSpec.service(ServiceName(name), needs: [Dependency(on: "redis", .healthy)])
        }
        expectStory(
            of: others + [Self.redis],
            [.startRequested(["technical", "news", "pattern"]), Self.well("redis")],
            """
            start technical news pattern  → redis held, pattern held, news held, technical held, redis starting
            redis healthy                 → redis up, pattern starting, news starting, technical starting
            """)
    }

    @Test func `only what is asked for starts, with all that it needs`() {
        expectStory(
            of: Self.chain,
            [.startRequested(["news"]), Self.well("redis"), .startRequested(["unheard-of"])],
            """
            start news        → redis held, news held, redis starting
            redis healthy     → redis up, news starting
            start unheard-of  → –
            """)
    }

    @Test func `what the operator left stopped stays so when the agent begins`() {
        expectStory(
            of: Self.chain, [.began(stopped: ["redis"]), .startRequested(["scanner"])],
            """
            begin without redis  → news held, scanner held
            start scanner        → redis held, redis starting
            """)
    }

    @Test func `a dependency that cannot even be started holds those that need it started`() {
        let b = ServiceSpec.service("b", needs: [Dependency(on: "a", .started)])
        expectStory(
            of: [.service("a"), b], [.began(stopped: [])], broken: ["a"],
            """
            begin  → a held, b held, a starting, a held(1), a starting(1), a waiting(2)
            """)
        expectStory(
            of: [.service("a"), b], [.began(stopped: [])],
            """
            begin  → a held, b held, a starting, b starting
            """)
    }

    @Test func `what needs a job done waits for its success`() {
        let job = ServiceSpec.service("migrate", probed: .none) {
            $0.restart.condition = .onFailure
        }
        let news = ServiceSpec.service("news", needs: [Dependency(on: "migrate", .completed)])
        let ended = Self.crash("migrate", .exited(code: 0))
        expectStory(
            of: [job, news],
            [.began(stopped: [])] + Self.crash("migrate") + ended
                + [Self.well("news"), .judged("news", .unhealthy, hung: false)],
            """
            begin              → migrate held, news held, migrate starting, migrate up
            migrate exited(1)  → kill migrate
            migrate emptied    → migrate held(1), migrate starting(1), migrate up(1)
            migrate exited(0)  → kill migrate
            migrate emptied    → migrate ended(0), news starting
            news healthy       → news up
            news unhealthy     → news stopping after unhealthy
            """)
    }

    @Test
    func `what is optional is waited for while it may come, and done without when it may not`() {
        let cache = ServiceSpec.service("cache") { $0.restart.attemptsMax = 0 }
        let news = ServiceSpec.service(
            "news", needs: [Dependency(on: "cache", .healthy, isRequired: false)])
        expectStory(
            of: [cache, news], [.began(stopped: [])] + Self.crash("cache") + [Self.well("news")],
            """
            begin            → cache held, news held, cache starting
            cache exited(1)  → kill cache
            cache emptied    → cache failed(1!), news starting
            news healthy     → news up
            """)
        expectStory(
            of: [cache, news], [.startRequested(["news"]), .stopRequested(["news"])],
            """
            start news  → news held, news starting
            stop news   → news stopping to rest
            """)
    }

    @Test func `those that need a service go on when it dies, and wait for it when they die too`() {
        expectStory(
            of: Self.chain,
            after: Self.up,
            Self.crash("redis") + Self.crash("news") + [
                Self.well("redis"), Self.well("news"),
            ],
            """
            redis exited(1)  → kill redis
            redis emptied    → redis held(1), redis starting(1)
            news exited(1)   → kill news
            news emptied     → news held(1)
            redis healthy    → redis up(1), news starting(1)
            news healthy     → news up(1)
            """)
    }

    @Test func `an unhealthy service is replaced, unless what it needs is to blame`() {
        expectStory(
            of: Self.chain,
            after: Self.up,
            [
                .judged("redis", .unhealthy, hung: false), .judged("news", .unhealthy, hung: false),
                .judged("scanner", .blocked, hung: false), Self.end("redis"), Self.well("redis"),
                Self.well("scanner"), .judged("news", .unhealthy, hung: true), Self.end("news"),
            ],
            """
            redis unhealthy        → redis stopping after unhealthy
            news unhealthy         → –
            scanner blocked        → –
            redis emptied          → redis held(1), redis starting(1)
            redis healthy          → redis up(1)
            scanner healthy        → –
            news unhealthy (hung)  → news stopping after unhealthy
            news emptied           → news held(1), news starting(1)
            """)
    }

    @Test func `what one service can do without another may need, and is then to blame`() {
        let cache = ServiceSpec.service("cache") { $0.restart.condition = .never }
        let news = ServiceSpec.service("news", needs: [Dependency(on: "cache", .healthy)])
        let scanner = ServiceSpec.service(
            "scanner",
            needs: [Dependency(on: "news", .healthy), Dependency(on: "cache", isRequired: false)])
        let reporting = ServiceSpec.service(
            "reporting", needs: [Dependency(on: "cache", isRequired: false)])
        let up = ["cache", "news", "scanner", "reporting"].map { Self.well(ServiceName($0)) }
        expectStory(
            of: [cache, news, scanner, reporting],
            after: [.began(stopped: [])] + up + Self.crash("cache"),
            [
                .judged("scanner", .unhealthy, hung: false),
                .judged("reporting", .unhealthy, hung: false),
            ],
            """
            scanner unhealthy    → –
            reporting unhealthy  → reporting stopping after unhealthy
            """)
    }

    @Test func `a job that is done explains nothing, nor does what it needed`() {
        let job = ServiceSpec.service(
            "migrate", needs: [Dependency(on: "redis", .healthy)], probed: .none
        ) { $0.restart.condition = .onFailure }
        let news = ServiceSpec.service("news", needs: [Dependency(on: "migrate", .completed)])
        expectStory(
            of: [Self.redis, job, news],
            after: [.began(stopped: []), Self.well("redis")]
                + Self.crash("migrate", .exited(code: 0)) + [Self.well("news")]
                + Self.crash("redis"),
            [.judged("news", .unhealthy, hung: false)],
            """
            news unhealthy  → news stopping after unhealthy
            """)
    }

    @Test func `a start that something else holds up is given more time`() {
        expectStory(
            of: Self.chain,
            [.began(stopped: []), Self.well("redis"), .judged("redis", .unknown, hung: false)]
                + [
                    .happened("news", .alarmRang), Self.well("redis"),
                    .happened("news", .alarmRang),
                ],
            """
            begin           → redis held, news held, scanner held, redis starting
            redis healthy   → redis up, news starting
            redis unknown   → –
            news alarmRang  → –
            redis healthy   → –
            news alarmRang  → news stopping after unhealthy
            """)
    }

    @Test func `for a service that only alerts, bad health is no reason to restart`() {
        let quiet = ServiceSpec.service("quiet") { $0.onUnhealthy = .alert }
        expectStory(
            of: [quiet],
            [.began(stopped: []), .judged("quiet", .unhealthy, hung: true), Self.well("quiet")],
            """
            begin                   → quiet held, quiet starting
            quiet unhealthy (hung)  → –
            quiet healthy           → quiet up
            """)
    }
}
