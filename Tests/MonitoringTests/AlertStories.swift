import Monitoring
import StackModel
import Testing

/// From `pending` through `firing` to `resolved`, told event by event.
struct AlertStories {
    static func down(_ level: Finding.Level, _ blocked: ServiceName...) -> Finding {
        Finding(
            .serviceDown, "redis", level, level == .raised ? "is down" : "", blocked: blocked)
    }
    static func life(_ rule: AlertRule, _ level: Finding.Level) -> Finding {
        Finding(rule, "redis", level, level == .raised ? "rule \(rule.rawValue)" : "")
    }
    static func cpu(_ level: Finding.Level) -> Finding {
        Finding(.cpuHigh, "@host", level, "CPU 94 %")
    }

    @Test func `it must be true for long enough, and over for long enough`() {
        expectAlerts(
            [
                .look(0, Self.down(.raised)), .look(4, Self.down(.raised)), .until(30),
                .look(30, Self.down(.cleared)), .until(60),
            ],
            """
            0   redis service-down raised   → #1 pending
            4   redis service-down raised   → –
            5                               → FIRED #1 redis 'is down'
            30  redis service-down cleared  → –
            50                              → RESOLVED #1 redis 'over after 30 s: is down'
            """)
    }

    @Test func `what passes in time is never told`() {
        expectAlerts(
            [.look(0, Self.down(.raised)), .look(4, Self.down(.cleared)), .until(100)],
            """
            0  redis service-down raised   → #1 pending
            4  redis service-down cleared  → #1 forgotten
            """)
    }

    @Test func `flapping within the hold is one alert`() {
        expectAlerts(
            [
                .look(0, Self.down(.raised)), .until(6), .look(6, Self.down(.cleared)),
                .look(20, Self.down(.raised)), .look(21, Self.down(.cleared)),
                .look(40, Self.down(.raised)), .look(41, Self.down(.cleared)), .until(100),
            ],
            """
            0   redis service-down raised   → #1 pending
            5                               → FIRED #1 redis 'is down'
            6   redis service-down cleared  → –
            20  redis service-down raised   → –
            21  redis service-down cleared  → –
            40  redis service-down raised   → –
            41  redis service-down cleared  → –
            61                              → RESOLVED #1 redis 'over after 41 s: is down'
            """)
    }

    @Test func `between the thresholds it stays as it is`() {
        expectAlerts(
            [
                .look(0, Self.cpu(.between)), .look(1, Self.cpu(.raised)),
                .look(40, Self.cpu(.between)), .until(100), .look(100, Self.cpu(.between)),
                .look(110, Self.cpu(.cleared)), .until(200),
            ],
            """
            0    @host cpu-high between  → –
            1    @host cpu-high raised   → #1 pending
            40   @host cpu-high between  → –
            61                           → FIRED #1 @host 'CPU 94 %, for 60 s'
            100  @host cpu-high between  → –
            110  @host cpu-high cleared  → –
            170                          → RESOLVED #1 @host 'over after 109 s: CPU 94 %'
            """)
    }

    @Test func `what is unknown neither fires nor ends`() {
        expectAlerts(
            [
                .look(0, Self.cpu(.raised)), .look(30), .until(100), .look(100, Self.cpu(.raised)),
                .look(110), .until(1000), .look(1000, Self.cpu(.cleared)), .until(2000),
            ],
            """
            0     @host cpu-high raised   → #1 pending
            30    nothing                 → –
            100   @host cpu-high raised   → FIRED #1 @host 'CPU 94 %, for 100 s'
            110   nothing                 → –
            1000  @host cpu-high cleared  → –
            1060                          → RESOLVED #1 @host 'over after 16 min: CPU 94 %'
            """)
    }

    @Test func `what gets worse escalates once, and is never said to be better`() {
        expectAlerts(
            [
                .look(0, Self.life(.serviceDown, .raised)), .until(6),
                .look(
                    6, Self.life(.serviceDown, .raised), Self.life(.serviceCrashLooping, .raised)),
                .look(7, Self.life(.serviceCrashLooping, .raised)),
                .look(8, Self.life(.serviceGaveUp, .raised)),
                .look(
                    9, Self.life(.serviceGaveUp, .cleared),
                    Self.life(.serviceCrashLooping, .raised)),
                .look(10, Self.life(.serviceGaveUp, .raised)),
                .look(
                    11, Self.life(.serviceDown, .cleared), Self.life(.serviceGaveUp, .cleared),
                    Self.life(.serviceCrashLooping, .cleared)), .until(60),
            ],
            """
            0   redis service-down raised                                                                       → #1 pending
            5                                                                                                   → FIRED #1 redis 'rule service-down'
            6   redis service-down raised, redis service-crash-looping raised                                   → ESCALATED #1 redis 'worse: rule service-crash-looping'
            7   redis service-crash-looping raised                                                              → –
            8   redis service-gave-up raised                                                                    → ESCALATED #1 redis 'worse: rule service-gave-up'
            9   redis service-gave-up cleared, redis service-crash-looping raised                               → –
            10  redis service-gave-up raised                                                                    → –
            11  redis service-down cleared, redis service-gave-up cleared, redis service-crash-looping cleared  → –
            31                                                                                                  → RESOLVED #1 redis 'over after 11 s: rule service-gave-up'
            """)
    }

    @Test func `a higher severity escalates too`() {
        func days(_ left: Int, _ severity: Severity?) -> Finding {
            Finding(
                .certificateExpiring, "@certificate", .raised, "expires in \(left) days",
                severity: severity)
        }
        expectAlerts(
            [
                .look(0, days(13, nil)), .look(10, days(2, .critical)), .look(20, days(9, nil)),
                .look(30, days(1, .critical)),
            ],
            """
            0   @certificate certificate-expiring raised  → FIRED #1 @certificate 'expires in 13 days'
            10  @certificate certificate-expiring raised  → ESCALATED #1 @certificate 'worse: expires in 2 days'
            20  @certificate certificate-expiring raised  → –
            30  @certificate certificate-expiring raised  → –
            """)
    }

    @Test func `who suffers is listed, told of seldom and never as a warning`() {
        expectAlerts(
            [
                .look(0, Self.down(.raised, "news")), .until(6),
                .look(6, Self.down(.raised, "news", "scanner")),
                .look(7, Self.down(.raised, "trading", "news", "scanner")), .until(12),
                .look(12, Self.down(.raised, "news")), .until(30),
                .look(30, Self.down(.cleared)), .until(60),
            ],
            """
            0   redis service-down raised   → #1 pending
            5                               → FIRED #1 redis 'is down; 1 blocked by it: news'
            6   redis service-down raised   → –
            7   redis service-down raised   → –
            10                              → spread #1 redis 'now 3 blocked by it: news, scanner, trading'
            12  redis service-down raised   → –
            15                              → spread #1 redis 'now 1 blocked by it: news'
            30  redis service-down cleared  → –
            50                              → RESOLVED #1 redis 'over after 30 s: is down'
            """)
    }

    @Test func `what is another's fault comes to nothing, or stays as it is`() {
        expectAlerts(
            [
                .look(0, Self.down(.raised)), .look(2, Self.down(.excused)),
                .look(10, Self.down(.raised)), .until(16), .look(16, Self.down(.excused)),
                .until(100), .look(100, Self.down(.cleared)), .until(200),
            ],
            """
            0    redis service-down raised   → #1 pending
            2    redis service-down excused  → #1 forgotten
            10   redis service-down raised   → #2 pending
            15                               → FIRED #2 redis 'is down'
            16   redis service-down excused  → –
            100  redis service-down cleared  → –
            120                              → RESOLVED #2 redis 'over after 90 s: is down'
            """)
    }

    @Test func `what still fires is told again, unless somebody took it on`() {
        var settings = AlertSettings()
        settings.remindAfter = .seconds(600)
        expectAlerts(
            [
                .look(0, Self.down(.raised, "news")), .until(1300),
                .happens(1300, "ack", .acknowledged(1, by: "root")), .until(5000),
                .look(5000, Self.down(.cleared)), .until(6000),
            ], settings: settings,
            """
            0     redis service-down raised   → #1 pending
            5                                 → FIRED #1 redis 'is down; 1 blocked by it: news'
            605                               → REMINDED #1 redis 'still, for 10 min: is down; 1 blocked by it: news'
            1205                              → REMINDED #1 redis 'still, for 20 min: is down; 1 blocked by it: news'
            1300  ack                         → acknowledged #1 redis 'acknowledged by root'
            5000  redis service-down cleared  → –
            5020                              → RESOLVED #1 redis 'over after 83 min: is down'
            """)
    }

    @Test func `what leaves the stack ends quietly`() {
        expectAlerts(
            [
                .look(0, Self.down(.raised)), .until(6), .look(6, Self.cpu(.raised)),
                .happens(7, "redis leaves", .left("redis")),
                .happens(8, "host leaves", .left("@host")), .until(1000),
            ],
            """
            0  redis service-down raised  → #1 pending
            5                             → FIRED #1 redis 'is down'
            6  @host cpu-high raised      → #2 pending
            7  redis leaves               → resolved #1 redis 'no longer part of the stack'
            8  host leaves                → #2 forgotten
            """)
    }

    @Test func `a rule that is switched off ends its alerts`() {
        var without = AlertSettings()
        without.rules[.serviceDown] = .standard(for: .serviceDown)
        without.rules[.serviceDown]?.isEnabled = false
        expectAlerts(
            [
                .look(0, Self.down(.raised)), .until(6),
                .happens(6, "switched off", .adjusted(without)), .look(7, Self.down(.raised)),
                .happens(8, "switched on", .adjusted(AlertSettings())),
                .look(9, Self.down(.raised)), .until(20),
            ],
            """
            0   redis service-down raised  → #1 pending
            5                              → FIRED #1 redis 'is down'
            6   switched off               → RESOLVED #1 redis 'over after 6 s: is down'
            7   redis service-down raised  → –
            8   switched on                → –
            9   redis service-down raised  → #2 pending
            14                             → FIRED #2 redis 'is down'
            """)
    }
}
