import StackModel
import Supervision
import TestSupport
import Testing

/// How services stop: who goes first, and what stays.
struct StoppingStories {
    private let chain = StackStories.chain
    private let up = StackStories.up

    @Test func `to stop one service stops nothing else, and what dies then waits for it`() {
        expectStory(
            of: chain,
            after: up,
            [.stopRequested(["redis"]), StackStories.end("redis")] + StackStories.crash("news")
                + [.startRequested(["redis"]), StackStories.well("redis")],
            """
            stop redis      → redis stopping to rest
            redis emptied   → redis down
            news exited(1)  → kill news
            news emptied    → news held(1)
            start redis     → redis held, redis starting
            redis healthy   → redis up, news starting(1)
            """)
    }

    @Test func `those that have to go wait for all that lean on them, even through one that stays`()
    {
        expectStory(
            of: chain,
            after: up,
            [
                .stopRequested(["redis", "scanner"]), StackStories.end("scanner"),
                StackStories.end("redis"),
            ],
            """
            stop redis scanner  → scanner stopping to rest
            scanner emptied     → scanner down, redis stopping to rest
            redis emptied       → redis down
            """)
        expectStory(
            of: chain,
            after: up,
            [
                .stopRequested(["redis", "scanner"]), .startRequested(["scanner"]),
                StackStories.end("scanner"),
            ],
            """
            stop redis scanner  → scanner stopping to rest
            start scanner       → scanner stopping to start
            scanner emptied     → scanner held, scanner starting
            """)
    }

    @Test func `a crash on the way down changes nothing`() {
        expectStory(
            of: chain,
            after: up,
            [.shutdownRequested] + StackStories.crash("redis") + [StackStories.end("scanner")]
                + StackStories.crash("news"),
            """
            shutdown         → scanner stopping to rest
            redis exited(1)  → kill redis
            redis emptied    → redis down
            scanner emptied  → scanner down, news stopping to rest
            news exited(1)   → –
            news emptied     → news down, finished
            """)
    }

    @Test func `in a hurry nobody waits for anybody`() {
        expectStory(
            of: chain,
            after: up,
            [
                .shutdownRequested, .hastened, StackStories.end("redis"),
                StackStories.end("scanner"),
                StackStories.end("news"),
            ],
            """
            shutdown         → scanner stopping to rest
            hasten           → kill redis, kill news, kill scanner
            redis emptied    → redis down
            scanner emptied  → scanner down
            news emptied     → news down, finished
            """)
        expectStory(
            of: chain,
            [
                .began(stopped: []), .hastened, StackStories.end("redis"),
                .startRequested(["redis"]),
            ],
            """
            begin          → redis held, news held, scanner held, redis starting
            hasten         → kill redis, news down, scanner down
            redis emptied  → redis down, finished
            start redis    → –
            """)
    }
}
