import StackModel
import Supervision
import TestSupport
import Testing

/// The life of one service, told event by event.
struct LifecycleStories {
    private let crash = Lifecycle.Event.exited(.signaled(.kill, coreDumped: false))
    private let crashed: [Lifecycle.Event] = [.exited(.exited(code: 1)), .emptied]
    private let start: [Lifecycle.Event] = [.permitted, .spawned(saysWhenReady: true)]

    @Test func `a service that says when it is ready comes up and goes down`() {
        expectStory(
            [.startRequested] + start + [
                .becameReady, .stopRequested, .exited(.exited(code: 0)), .emptied,
            ],
            policy: .patient,
            """
            down              startRequested  → held              no alarm
            held              permitted       → starting          spawn
            starting          spawned         → same              alarm 10s
            starting          becameReady     → up                alarm 60s
            up                stopRequested   → stopping to rest  stop signal, alarm 5s
            stopping to rest  exited(0)       → same
            stopping to rest  emptied         → down              no alarm
            """)
    }

    @Test func `a service without a probe is up once it runs`() {
        expectStory(
            [.startRequested, .permitted, .spawned(saysWhenReady: false)], policy: .patient,
            """
            down      startRequested    → held      no alarm
            held      permitted         → starting  spawn
            starting  spawned (silent)  → up        alarm 60s
            """)
    }

    @Test func `a service that keeps crashing pauses longer and longer and is given up`() {
        expectStory(
            [.startRequested] + start + crashed + start + crashed + [.alarmRang] + start + crashed
                + [.alarmRang] + start + crashed,
            policy: .givesUp(after: 3),
            """
            down                 startRequested  → held                 no alarm
            held                 permitted       → starting             spawn
            starting             spawned         → same                 alarm 10s
            starting             exited(1)       → clearing after 1     kill, alarm 1s
            clearing after 1     emptied         → held(1)              no alarm
            held(1)              permitted       → starting(1)          spawn
            starting(1)          spawned         → same                 alarm 10s
            starting(1)          exited(1)       → clearing(1) after 1  kill, alarm 1s
            clearing(1) after 1  emptied         → waiting(2)           alarm 0.1s
            waiting(2)           alarmRang       → held(2)              no alarm
            held(2)              permitted       → starting(2)          spawn
            starting(2)          spawned         → same                 alarm 10s
            starting(2)          exited(1)       → clearing(2) after 1  kill, alarm 1s
            clearing(2) after 1  emptied         → waiting(3)           alarm 0.2s
            waiting(3)           alarmRang       → held(3)              no alarm
            held(3)              permitted       → starting(3)          spawn
            starting(3)          spawned         → same                 alarm 10s
            starting(3)          exited(1)       → clearing(3) after 1  kill, alarm 1s
            clearing(3) after 1  emptied         → failed(4!)           alarm 300s
            """)
    }

    @Test func `a service that was given up is tried again slowly until it is well for long`() {
        expectStory(
            [.alarmRang] + start + crashed + [.alarmRang] + start + [.becameReady, .alarmRang]
                + crashed,
            from: .failed(History(crashes: 4, wasGivenUp: true)), policy: .givesUp(after: 3),
            """
            failed(4!)            alarmRang    → held(4!)              no alarm
            held(4!)              permitted    → starting(4!)          spawn
            starting(4!)          spawned      → same                  alarm 10s
            starting(4!)          exited(1)    → clearing(4!) after 1  kill, alarm 1s
            clearing(4!) after 1  emptied      → failed(5!)            alarm 300s
            failed(5!)            alarmRang    → held(5!)              no alarm
            held(5!)              permitted    → starting(5!)          spawn
            starting(5!)          spawned      → same                  alarm 10s
            starting(5!)          becameReady  → up(5!)                alarm 60s
            up(5!)                alarmRang    → up
            up                    exited(1)    → clearing after 1      kill, alarm 1s
            clearing after 1      emptied      → held(1)               no alarm
            """)
    }

    @Test func `without a slow retry a service that was given up stays so until somebody asks`() {
        expectStory(
            [.permitted, .spawned(saysWhenReady: false)] + crashed + [.startRequested],
            from: .held(History()), policy: .givesUp(after: 0, slowRetry: .zero),
            """
            held              permitted         → starting          spawn
            starting          spawned (silent)  → up                alarm 60s
            up                exited(1)         → clearing after 1  kill, alarm 1s
            clearing after 1  emptied           → failed(1!)        no alarm
            failed(1!)        startRequested    → held              no alarm
            """)
    }

    @Test func `a program that cannot be started counts as a crash`() {
        expectStory(
            [
                .startRequested, .permitted, .spawnFailed("no such file"), .permitted,
                .spawnFailed("no such file"),
            ],
            policy: .patient,
            """
            down         startRequested             → held         no alarm
            held         permitted                  → starting     spawn
            starting     spawnFailed(no such file)  → held(1)      no alarm
            held(1)      permitted                  → starting(1)  spawn
            starting(1)  spawnFailed(no such file)  → waiting(2)   alarm 0.1s
            """)
    }

    @Test func `a service that ends well rests when its policy is content`() {
        expectStory(
            [.startRequested] + start + [
                .becameReady, .exited(.exited(code: 0)), .emptied, .startRequested,
            ],
            policy: .restarts(.onFailure),
            """
            down              startRequested  → held              no alarm
            held              permitted       → starting          spawn
            starting          spawned         → same              alarm 10s
            starting          becameReady     → up                alarm 60s
            up                exited(0)       → clearing after 0  kill, alarm 1s
            clearing after 0  emptied         → ended(0)          no alarm
            ended(0)          startRequested  → held              no alarm
            """)
        expectStory(
            [.startRequested] + start + crashed, policy: .restarts(.never),
            """
            down              startRequested  → held              no alarm
            held              permitted       → starting          spawn
            starting          spawned         → same              alarm 10s
            starting          exited(1)       → clearing after 1  kill, alarm 1s
            clearing after 1  emptied         → ended(1)          no alarm
            """)
    }

    @Test func `a service that ignores the stop signal is killed until nothing is left`() {
        expectStory(
            [.stopRequested, .alarmRang, crash, .alarmRang, .emptied], from: .up(History()),
            policy: .patient,
            """
            up                stopRequested    → stopping to rest  stop signal, alarm 5s
            stopping to rest  alarmRang        → clearing to rest  kill, alarm 1s
            clearing to rest  exited(SIGKILL)  → same
            clearing to rest  alarmRang        → same              kill, alarm 1s
            clearing to rest  emptied          → down              no alarm
            """)
    }

    @Test func `a service that asks for more time gets it`() {
        expectStory(
            [
                .extended(.seconds(30)), .becameReady, .extended(.seconds(30)), .stopRequested,
                .extended(.seconds(60)),
            ],
            from: .starting(History()), policy: .patient,
            """
            starting          extended 30s   → same              alarm 30s
            starting          becameReady    → up                alarm 60s
            up                extended 30s   → same
            up                stopRequested  → stopping to rest  stop signal, alarm 5s
            stopping to rest  extended 60s   → same              alarm 60s
            """)
    }

    @Test func `an unhealthy service is replaced, and a hung one faster`() {
        expectStory(
            [.becameUnhealthy(hung: false), .exited(.exited(code: 0)), .emptied],
            from: .up(History()),
            policy: .patient,
            """
            up                        becameUnhealthy  → stopping after unhealthy  stop signal, alarm 5s
            stopping after unhealthy  exited(0)        → same
            stopping after unhealthy  emptied          → held(1)                   no alarm
            """)
        expectStory(
            [.becameUnhealthy(hung: true), .alarmRang, crash, .emptied],
            from: .up(History(crashes: 2)),
            policy: .patient,
            """
            up(2)                        becameHung       → stopping(2) after unhealthy  stop signal, alarm 1s
            stopping(2) after unhealthy  alarmRang        → clearing(2) after unhealthy  kill, alarm 1s
            clearing(2) after unhealthy  exited(SIGKILL)  → same
            clearing(2) after unhealthy  emptied          → waiting(3)                   alarm 0.2s
            """)
    }

    @Test func `a service that is not ready in time is replaced like a hung one`() {
        expectStory(
            start + [.alarmRang, .alarmRang, crash, .emptied, .alarmRang],
            from: .held(History(crashes: 1)),
            policy: .patient,
            """
            held(1)                      permitted        → starting(1)                  spawn
            starting(1)                  spawned          → same                         alarm 10s
            starting(1)                  alarmRang        → stopping(1) after unhealthy  stop signal, alarm 1s
            stopping(1) after unhealthy  alarmRang        → clearing(1) after unhealthy  kill, alarm 1s
            clearing(1) after unhealthy  exited(SIGKILL)  → same
            clearing(1) after unhealthy  emptied          → waiting(2)                   alarm 0.1s
            waiting(2)                   alarmRang        → held(2)                      no alarm
            """)
    }

    @Test func `the last order counts while a service is on its way down`() {
        expectStory(
            [.restartRequested, .stopRequested, .startRequested, .emptied],
            from: .up(History(crashes: 3)),
            policy: .patient,
            """
            up(3)                 restartRequested  → stopping(3) to start  stop signal, alarm 5s
            stopping(3) to start  stopRequested     → stopping(3) to rest
            stopping(3) to rest   startRequested    → stopping(3) to start
            stopping(3) to start  emptied           → held                  no alarm
            """)
        expectStory(
            [crash, .stopRequested, .restartRequested, .stopRequested, .emptied],
            from: .up(History()),
            policy: .patient,
            """
            up                      exited(SIGKILL)   → clearing after SIGKILL  kill, alarm 1s
            clearing after SIGKILL  stopRequested     → clearing to rest
            clearing to rest        restartRequested  → clearing to start
            clearing to start       stopRequested     → clearing to rest
            clearing to rest        emptied           → down                    no alarm
            """)
    }

    @Test func `who asks for a start does not wait for the pause`() {
        expectStory(
            [.startRequested], from: .waiting(History(crashes: 5)), policy: .patient,
            """
            waiting(5)  startRequested  → held(5)  no alarm
            """)
        expectStory(
            [.stopRequested, .startRequested], from: .waiting(History(crashes: 5)),
            policy: .patient,
            """
            waiting(5)  stopRequested   → down  no alarm
            down        startRequested  → held  no alarm
            """)
    }

    @Test func `a hastened end kills at once, whatever the state`() {
        for state in [.held(History()), .waiting(History()), .failed(History())]
            as [Lifecycle.State]
        {
            let (next, effects) = Lifecycle.step(
                state, .hastened, policy: .patient, in: .init(now: .zero, chance: 0))
            #expect(next == .down(.stopped))
            #expect(effects == [.clearAlarm])
        }
        expectStory(
            [.hastened, .hastened, .alarmRang, crash, .emptied, .hastened], from: .up(History()),
            policy: .patient,
            """
            up                hastened         → clearing to rest  kill, alarm 1s
            clearing to rest  hastened         → same              kill, alarm 1s
            clearing to rest  alarmRang        → same              kill, alarm 1s
            clearing to rest  exited(SIGKILL)  → same
            clearing to rest  emptied          → down              no alarm
            down              hastened         → same
            """)
        expectStory(
            [crash, .hastened, .emptied], from: .starting(History()), policy: .patient,
            """
            starting                exited(SIGKILL)  → clearing after SIGKILL  kill, alarm 1s
            clearing after SIGKILL  hastened         → same                    kill, alarm 1s
            clearing after SIGKILL  emptied          → held(1)                 no alarm
            """)
    }
}
