import ControlProtocol
import StackModel

/// Values for tests.
enum Sample {
    static let time = Timestamp(nanoseconds: 1_795_356_000_120_000_000)

    static func service(
        _ name: ServiceName, _ state: ServiceStage = .up, _ health: Verdict = .healthy
    ) -> ServiceStatus {
        var service = ServiceStatus(
            name: name, state: state, health: health, hasHealthCheck: true, wanted: true,
            since: time - .seconds(180), restarts: 0)
        service.pid = 4711
        service.port = 5001
        service.memory = .mebibytes(38)
        service.memoryLimit = .mebibytes(1024)
        service.cpu = 0.003
        service.latency = .milliseconds(12)
        return service
    }

    static let nine: [ServiceName] = [
        "redis", "news", "orchestration", "scanner", "pattern", "technical", "risk-manager",
        "trading",
        "reporting",
    ]

    static func status(_ services: [ServiceStatus], notes: [String] = []) -> StackStatus {
        StackStatus(
            stack: "catalyst", state: .unhealthy, time: time,
            agent: AgentVersion(version: "0.1.0", pid: 1, since: time - .seconds(86_400 * 3)),
            services: services, notes: notes)
    }

    /// The nine; scanner does not answer, so trading is held.
    static var trouble: StackStatus {
        var services = nine.map { service($0) }
        services[3] = service("scanner", .up, .unhealthy)
        services[3].problem = "no answer in time (3 probes)"
        services[3].nextAttempt = time - .seconds(-2)
        services[3].restarts = 2
        services[7] = service("trading", .held, .unknown)
        services[7].blockedBy = ["scanner"]
        services[7].pid = nil
        services[7].memory = nil
        services[7].cpu = nil
        return status(services)
    }

    static func event(
        _ service: ServiceName?, _ message: String, _ priority: EventRecord.Priority = .notice
    ) -> EventRecord {
        EventRecord(
            id: 7, time: time, service: service, kind: .exited, priority: priority, message: message
        )
    }

    static func log(_ service: ServiceName, _ text: String) -> LogRecord {
        LogRecord(service: service, time: time, stream: .stdout, text: text)
    }

    static var explanation: Explanation {
        var service = service("scanner", .waiting, .unhealthy)
        service.nextAttempt = time - .seconds(-2)
        service.lastExit = .signaled(.kill, coreDumped: false)
        service.statusText = "loading"
        service.restarts = 1
        var explanation = Explanation(
            service: service, summary: "scanner was killed and is about to restart")
        explanation.chain = ["trading waits for scanner", "scanner gave no answer in time"]
        explanation.lastReport = Report(.failed(.timedOut), latency: .seconds(10), body: "{}")
        explanation.lastReportTime = time - .seconds(3)
        explanation.events = [event("scanner", "exited with code 1", .error)]
        explanation.logs = [log("scanner", "Traceback (most recent call last):")]
        explanation.suggestions = ["catalystctl logs scanner"]
        return explanation
    }

    /// With every optional part of the file in it.
    static var stack: StackSpec {
        var service = ServiceSpec(name: "scanner", command: ["/bin/scanner", "--port", "5001"])
        service.environment = ["PORT": "5001"]
        service.user = "catalyst"
        service.dependencies = [Dependency(on: "news", .healthy)]
        service.healthCheck = HealthCheck(.http(url: "http://127.0.0.1:5001/health"))
        service.contract.service = "scanner"
        service.contract.schema = "v5.0 normalized"
        service.contract.version = "5.3.0"
        service.restart.attemptsMax = 5
        service.ports = [Port(number: 5001)]
        service.confinement.ulimits = ["nofile": .init(soft: 1024, hard: -1)]
        service.confinement.oomScoreAdjustment = 100
        service.resources.limits.cpus = 1
        service.resources.limits.memory = .mebibytes(1024)
        service.resources.limits.pids = 100
        service.resources.ioWeight = 300
        var hook = Hooks.Hook(command: ["/bin/true"])
        hook.user = "catalyst"
        hook.workingDirectory = "/"
        service.hooks.preStop = [hook]
        service.listen = "127.0.0.1:5001"
        service.hold = Hold(command: ["/bin/false"])
        service.release = "20261122T135000Z-3f2a91c"
        service.update.order = .startFirst
        service.update.monitor = Seconds(wrappedValue: .seconds(10))
        service.update.failureAction = .pause
        service.source = ["scanner"]
        service.labels = ["tier": "market"]
        var stack = StackSpec(
            name: "catalyst", services: [service, ServiceSpec(name: "news", command: ["news"])])
        stack.rollout.order = ["scanner"]
        stack.releases.directory = "/srv/catalyst"
        stack.releases.repository = "https://example.org/app.git"
        stack.releases.build = ["make"]
        stack.alerts.rules = [.cpuHigh: AlertPolicy(.critical, threshold: 0.95, clear: 0.9)]
        stack.alerts.onAlert = ["/bin/mail", "ops"]
        stack.watch.certificates = ["/etc/ssl/site.pem"]
        stack.watch.frontDoor = "https://example.org"
        stack.watch.backups = "/var/backups"
        stack.watch.snapshots = "/var/backups/snapshot.json"
        stack.database = "postgres://catalyst@db/ops"
        stack.host.cpus = 4
        stack.host.memory = .mebibytes(8192)
        stack.host.disk = .mebibytes(160 << 10)
        stack.host.costs = ["droplet": 48]
        stack.warnings = ["stack.yaml:3: 'image': has no effect: services run as processes"]
        return stack
    }

    static var replies: [ControlReply] {
        func reply(_ change: (inout ControlReply) -> Void) -> ControlReply {
            var reply = ControlReply.end()
            change(&reply)
            return reply
        }
        var full = trouble
        full.services[0].processes = 2
        full.services[0].statusText = "loading"
        full.services[0].availability = availability
        full.services[0].pressure = Pressure(cpu: 0.01, memory: 0, io: 0.5)
        full.host = host
        let outcomes: [Report.Outcome] =
            [.healthy, .degraded("slow"), .unknown("no collector")]
            + [
                .refused, .timedOut, .httpStatus(503), .status("bad"), .wrongService("news"),
                .wrongSchema("v4"), .wrongVersion("1"), .stale(seconds: 90.5), .exitCode(1),
                .other("reset"),
            ].map { Report.Outcome.failed($0) }
        var marked = alertReply
        marked.alert.acknowledgedBy = "root"
        marked.alert.silence = "restart"
        marked.alert.toldAt = earlier(175)
        marked.alert.remindedAt = earlier(10)
        marked.alert.resolvedAt = earlier(5)
        let exits: [ExitReason] = [
            .exited(code: 3), .signaled(.kill, coreDumped: true), .notStarted("no such file"),
            .outOfMemory(limit: .mebibytes(64)), .outOfMemory(limit: nil),
            .unknown,
        ]
        return [.end("done"), .failure(.busy, "another command is under way")]
            + [
                reply { $0.status = full }, reply { $0.why = explanation },
                reply { $0.event = event("news", "exited with code 3") },
                reply { $0.event = event(nil, "the agent has started") },
                reply { $0.log = log("news", "hello") }, reply { $0.config = stack },
                reply { $0.version = full.agent },
                reply { $0.limits = [Limit("inbox", "4096", "bounded memory")] },
                reply { $0.alert = marked },
                reply { $0.series = series("scanner", [.cpu: [0.1, 0.2]], highs: [.cpu: 0.9]) },
                reply { $0.history = history("scanner") },
                reply { $0.isolation = isolation },
                reply { $0.maintenance = host.maintenance }, reply { $0.drill = drill },
                .failure(.unknownAlert, "no alert 99"),
            ] + rolloutReplies
            + outcomes.map { outcome in
                reply {
                    $0.why = explanation
                    $0.why?.lastReport = Report(outcome)
                }
            }
            + exits.map { exit in
                reply {
                    $0.why = explanation
                    $0.why?.service.lastExit = exit
                }
            }
    }
}
