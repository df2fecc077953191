import Monitoring
import StackModel
import Testing

/// Silences, maintenance, our own operations, restarts, floods: who is told, and who is not.
struct QuietStories {
    private static let down = AlertStories.down(.raised)
    private static let well = AlertStories.down(.cleared)

    private static func time(_ seconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: (1_790_000_000 + seconds) * 1_000_000_000)
    }
    private static func silence(until seconds: Int64) -> AlertBook.Event {
        .silenced(
            Silence(
                id: 7, subjects: ["redis"], until: time(seconds), reason: "root: disk swap"))
    }
    private static func maintenance(until seconds: Int64) -> AlertBook.Event {
        .maintenanceBegan(Maintenance(since: time(0), until: time(seconds), reason: "new disk"))
    }

    @Test func `what fires and ends under a silence is never told`() {
        expectAlerts(
            [
                .happens(0, "silence", Self.silence(until: 100)), .look(1, Self.down), .until(30),
                .look(30, Self.well), .until(200),
            ],
            """
            0    silence                     → –
            1    redis service-down raised   → #1 pending
            6                                → fired #1 redis 'is down'
            30   redis service-down cleared  → –
            50                               → resolved #1 redis 'over after 29 s: is down'
            100                              → –
            """)
    }

    @Test func `what still fires when the silence ends is told then, once`() {
        expectAlerts(
            [
                .happens(0, "silence", Self.silence(until: 100)), .look(1, Self.down),
                .until(200), .look(200, Self.down), .look(201, Self.well), .until(300),
            ],
            """
            0    silence                     → –
            1    redis service-down raised   → #1 pending
            6                                → fired #1 redis 'is down'
            100                              → FIRED #1 redis 'is down, for 99 s'
            200  redis service-down raised   → –
            201  redis service-down cleared  → –
            221                              → RESOLVED #1 redis 'over after 3 min: is down'
            """)
    }

    @Test func `what was told before the silence has its end told, and is not told again`() {
        expectAlerts(
            [
                .look(0, Self.down), .until(10),
                .happens(10, "silence", Self.silence(until: 100)),
                .happens(50, "unsilence", .unsilenced(7)),
                .happens(60, "silence", Self.silence(until: 100)), .look(70, Self.well),
                .until(200),
            ],
            """
            0    redis service-down raised   → #1 pending
            5                                → FIRED #1 redis 'is down'
            10   silence                     → silenced #1 redis 'silenced until 2026-09-21T14:15:00Z: root: disk swap'
            50   unsilence                   → #1 firing
            60   silence                     → silenced #1 redis 'silenced until 2026-09-21T14:15:00Z: root: disk swap'
            70   redis service-down cleared  → –
            90                               → RESOLVED #1 redis 'over after 70 s: is down'
            100                              → –
            """)
    }

    @Test func `what gets worse under a silence is told when it ends`() {
        expectAlerts(
            [
                .look(0, Self.down), .until(10),
                .happens(10, "silence", Self.silence(until: 100)),
                .look(20, AlertStories.life(.serviceGaveUp, .raised)), .until(200),
            ],
            """
            0    redis service-down raised     → #1 pending
            5                                  → FIRED #1 redis 'is down'
            10   silence                       → silenced #1 redis 'silenced until 2026-09-21T14:15:00Z: root: disk swap'
            20   redis service-gave-up raised  → escalated #1 redis 'worse: rule service-gave-up'
            100                                → ESCALATED #1 redis 'worse: rule service-gave-up'
            """)
    }

    @Test func `our own restart tells nobody, and has five seconds to settle`() {
        let restart = AlertBook.Event.operationBegan(1, services: ["redis"], words: "restart")
        expectAlerts(
            [
                .happens(0, "restart begins", restart), .look(1, Self.down), .until(10),
                .happens(10, "restart ends", .operationEnded(1)), .look(14, Self.well),
                .until(60),
                .happens(100, "restart begins", restart), .look(101, Self.down), .until(110),
                .happens(110, "restart ends", .operationEnded(1)), .until(200),
            ],
            """
            0    restart begins              → –
            1    redis service-down raised   → #1 pending
            6                                → fired #1 redis 'is down'
            10   restart ends                → –
            14   redis service-down cleared  → –
            15                               → –
            34                               → resolved #1 redis 'over after 13 s: is down'
            100  restart begins              → –
            101  redis service-down raised   → #2 pending
            106                              → fired #2 redis 'is down'
            110  restart ends                → –
            115                              → FIRED #2 redis 'is down'
            """)
    }

    @Test func `that our own rollout failed is told while it lasts`() {
        let rollout = AlertBook.Event.operationBegan(1, services: ["redis"], words: "deploy")
        expectAlerts(
            [
                .happens(0, "deploy begins", rollout),
                .look(1, AlertStories.life(.rolloutFailed, .raised)), .until(10),
            ],
            """
            0  deploy begins                → –
            1  redis rollout-failed raised  → FIRED #1 redis 'rule rollout-failed'
            """)
    }

    @Test func `a maintenance that is not ended in time is an alert`() {
        expectAlerts(
            [
                .happens(0, "maintenance", Self.maintenance(until: 100)), .look(1, Self.down),
                .until(150), .happens(150, "extended", Self.maintenance(until: 200)), .until(250),
                .restart(250), .look(260, Self.down),
                .happens(300, "ended", .maintenanceEnded(by: "root")),
            ],
            """
            0    maintenance                → –
            1    redis service-down raised  → #1 pending
            6                               → fired #1 redis 'is down'
            100                             → FIRED #1 redis 'is down, for 99 s', FIRED #2 @agent 'the maintenance 'new disk' was to end at 2026-09-21T14:15:00Z and has not been ended'
            150  extended                   → silenced #1 redis 'maintenance: new disk', RESOLVED #2 @agent 'over after 50 s: the maintenance 'new disk' was to end at 2026-09-21T14:15:00Z and has not been ended'
            200                             → #1 firing, FIRED #3 @agent 'the maintenance 'new disk' was to end at 2026-09-21T14:16:40Z and has not been ended'
            250  restart
            260  redis service-down raised  → –
            300  ended                      → RESOLVED #3 @agent 'over after 100 s: the maintenance 'new disk' was to end at 2026-09-21T14:16:40Z and has not been ended'
            """)
    }

    @Test func `pending time goes on over a restart, and nothing is told twice`() {
        expectAlerts(
            [
                .look(0, AlertStories.cpu(.raised)), .look(40, AlertStories.cpu(.raised)),
                .restart(50), .until(70), .look(70, AlertStories.cpu(.raised)), .restart(80),
                .look(81, AlertStories.cpu(.raised)), .look(90, AlertStories.cpu(.cleared)),
                .restart(100), .look(101, AlertStories.cpu(.cleared)), .until(200),
            ],
            """
            0    @host cpu-high raised   → #1 pending
            40   @host cpu-high raised   → –
            50   restart
            70   @host cpu-high raised   → FIRED #1 @host 'CPU 94 %, for 70 s'
            80   restart
            81   @host cpu-high raised   → –
            90   @host cpu-high cleared  → –
            100  restart
            101  @host cpu-high cleared  → –
            161                          → RESOLVED #1 @host 'over after 101 s: CPU 94 %'
            """)
    }

    @Test func `a reminder is not due at once after a restart`() {
        expectAlerts(
            [
                .look(0, Self.down), .until(14_000), .restart(14_400), .look(14_401, Self.down),
                .until(14_500), .restart(14_500), .until(30_000),
            ],
            """
            0      redis service-down raised  → #1 pending
            5                                 → FIRED #1 redis 'is down'
            14400  restart
            14401  redis service-down raised  → –
            14460                             → REMINDED #1 redis 'still, for 4 h: is down'
            14500  restart
            28860                             → REMINDED #1 redis 'still, for 8 h: is down'
            """)
    }

    @Test func `what a restart finds owed is told when it is confirmed`() {
        expectAlerts(
            [
                .happens(
                    0, "restart begins",
                    .operationBegan(1, services: ["redis"], words: "restart")),
                .look(1, Self.down), .until(10), .restart(20), .until(30), .look(30, Self.down),
                .until(40),
            ],
            """
            0   restart begins             → –
            1   redis service-down raised  → #1 pending
            6                              → fired #1 redis 'is down'
            20  restart
            30  redis service-down raised  → FIRED #1 redis 'is down'
            """)
    }

    @Test func `when the clock jumps nothing fires and nothing ends`() {
        expectAlerts(
            [
                .look(0, AlertStories.cpu(.raised)), .jump(10, by: 24), .jump(20, by: -48),
                .restart(30), .look(31, AlertStories.cpu(.raised)), .until(70), .jump(70, by: 5),
                .look(71, AlertStories.cpu(.cleared)), .jump(80, by: 24), .until(200),
            ],
            """
            0    @host cpu-high raised   → #1 pending
            10   clock jumps 24 h        → #1 pending
            20   clock jumps -48 h       → #1 pending
            30   restart
            31   @host cpu-high raised   → –
            60                           → FIRED #1 @host 'CPU 94 %, for 60 s'
            70   clock jumps 5 h         → –
            71   @host cpu-high cleared  → –
            80   clock jumps 24 h        → –
            131                          → RESOLVED #1 @host 'over after 71 s: CPU 94 %'
            """)
    }

    @Test func `in a flood what is critical is told first, and the rest is counted`() {
        var settings = AlertSettings()
        settings.floodMax = 3
        settings.rules[.serviceDown] = AlertPolicy(.critical)
        settings.rules[.logFlood] = AlertPolicy(.warning)
        func log(_ name: ServiceName) -> Finding {
            Finding(.logFlood, .service(name), .raised, "floods")
        }
        func down(_ name: ServiceName) -> Finding {
            Finding(.serviceDown, .service(name), .raised, "is down")
        }
        expectAlerts(
            [
                .look(0, log("a"), log("b"), log("c"), down("d")),
                .look(10, down("e"), down("f")), .until(100), .look(100, log("g")), .until(200),
            ], settings: settings,
            """
            0    a log-flood raised, b log-flood raised, c log-flood raised, d service-down raised  → FIRED #4 d 'is down', FIRED #1 a 'floods', FIRED #2 b 'floods', fired #3 c 'floods'
            10   e service-down raised, f service-down raised                                       → fired #5 e 'is down', fired #6 f 'is down'
            60                                                                                      → FOLDED 3
            100  g log-flood raised                                                                 → FIRED #7 g 'floods'
            """)
    }

    @Test func `there is an end to how many are open, and that is told too`() {
        var settings = AlertSettings()
        settings.rules[.logFlood] = AlertPolicy(.warning)
        var keeper = Keeper(settings: settings)
        let findings = (0..<AlertBook.Limits.alertsMax + 100).map { index in
            Finding(.logFlood, .service(ServiceName("s\(index)")), .raised, "floods")
        }
        _ = keeper.receive(.found(findings), at: .zero)
        let effects = keeper.receive(.found(findings), at: .zero + .seconds(60))
        #expect(keeper.book.open.count == AlertBook.Limits.alertsMax)
        let told = settings.floodMax / 2
        #expect(
            effects.contains {
                if case .folded(let count, _) = $0 { count == findings.count - told } else { false }
            })
    }
}
