import Monitoring
import StackModel
import TestSupport
import Testing

/// What is found in what is seen: a line a finding that is raised.
struct FindingTests {
    private static let now = Timestamp(nanoseconds: 1_790_000_000_000_000_000)

    private func findings(_ see: (inout Observation) -> Void) -> [Finding] {
        var seen = Observation(time: Self.now)
        see(&seen)
        return Monitoring.findings(of: seen, settings: AlertSettings(), host: HostPlan())
    }

    /// The raised ones, in words.
    private func raised(_ see: (inout Observation) -> Void) -> [String] {
        findings(see).filter { $0.level == .raised }.map { finding in
            let severity = finding.severity.map { " (\($0))" } ?? ""
            let blocked = finding.blocked.isEmpty ? "" : " \(finding.blocked.map(\.text))"
            return
                "\(finding.subject) \(finding.rule.rawValue)\(severity): \(finding.summary)\(blocked)"
        }
    }

    private func level(_ rule: AlertRule, _ see: (inout Observation) -> Void) -> Finding.Level? {
        findings(see).first { $0.rule == rule }?.level
    }

    private func service(
        _ name: ServiceName = "news", _ stage: ServiceStage = .up,
        _ verdict: Verdict = .healthy, _ change: (inout ServiceSight) -> Void = { _ in }
    ) -> ServiceSight {
        let isWell = stage == .up && (verdict == .healthy || verdict == .degraded)
        var sight = ServiceSight(name, stage: stage, verdict: verdict, isWell: isWell)
        change(&sight)
        return sight
    }

    private func redis(_ change: (inout RedisFacts) -> Void) -> RedisFacts {
        var facts = RedisFacts()
        change(&facts)
        return facts
    }

    private func postgres(_ change: (inout PostgresFacts) -> Void) -> PostgresFacts {
        var facts = PostgresFacts()
        change(&facts)
        return facts
    }

    private func certificate(days: Double, problem: String? = nil) -> CertificateFacts {
        var facts = CertificateFacts(source: "/etc/tls/cert.pem")
        facts.subject = "CN=example.org"
        facts.expires = Timestamp(
            nanoseconds: Self.now.nanoseconds + Int64(days * 86_400) * 1_000_000_000)
        facts.problem = problem
        return facts
    }

    /// Everything at once.
    private func seeAllWrong(_ seen: inout Observation) {
        seen.services = [
            service("down", .waiting) { $0.lastExit = .exited(code: 3) },
            service("sick", .up, .unhealthy) { $0.problem = "HTTP status 500" },
            service("loop", .waiting) { $0.crashesInARow = 4 },
            service("oom", .starting, .unknown) {
                $0.outOfMemory = .outOfMemory(limit: .mebibytes(1024))
            },
            service("gone", .failed) { $0.crashesInARow = 10 },
            service("fat"), service("redis"),
            service("loud") { $0.logBytesDropped = 1_204_000 },
        ]
        seen.readings = [
            "fat": [.memory: 0.94 * 1_073_741_824, .memoryLimit: 1_073_741_824],
            "redis": [.redisEvictions: 2.5],
            "@host": [.hostCPU: 0.97], "@memory": [.memoryUsed: 0.914],
        ]
        seen.disks = [
            DiskSample(path: "/var", total: 1000, available: 80, inodes: 100, inodesFree: 5),
            DiskSample(path: "/", total: 1000, available: 500, inodes: 0, inodesFree: 0),
        ]
        seen.diskForecast = .full(in: .seconds(5 * 3600))
        seen.hourlyCPU = 0.85
        seen.clockJump = .seconds(-90)
        seen.redis["redis"] = redis {
            $0.memory = 250 << 20; $0.memoryMax = 256 << 20
            $0.persistenceErrors = ["the last AOF write failed"]
        }
        seen.database = .seen(
            postgres {
                $0.connectLatency = .milliseconds(1500); $0.connections = 91
                $0.connectionLimit = 100; $0.databaseSize = 9_000_000_000
                $0.wantsEncryption = true
            })
        seen.certificates = .seen([certificate(days: 9.5), certificate(days: 80)])
        seen.frontDoor = .away("connection refused")
        seen.backup = .seen(.seconds(9 * 86_400))
        seen.snapshot = .seen(nil)
        seen.braked = ["sick", "loop"]
        seen.agent.collectorLost = "exited with code 1"
        seen.agent.stackRefused = "stack.yaml:3: unknown key"
        seen.agent.ledgerFailing = "disk full"
        seen.agent.outboxShare = 0.52
        seen.agent.outboxProblem = "connection refused"
        seen.agent.memory = ByteCount(bytes: 70_000_000)
        seen.agent.notifierFailures = 3
        seen.agent.notifierDropped = 7
        seen.agent.rolloutFailure = FailedRollout("sick", "deploy of 42: exited with code 3")
    }

    @Test func `every rule has its words`() {
        expectText(
            raised(seeAllWrong).joined(separator: "\n"),
            """
            down service-down: is down: exited with code 3
            sick service-unhealthy: is unhealthy: HTTP status 500
            loop service-down: is down
            loop service-crash-looping: crashed 4 times in a row
            oom service-oom-killed: out of memory: limit 1G
            gone service-down: is down
            gone service-crash-looping: crashed 10 times in a row
            gone service-gave-up: is given up after 10 crashes in a row
            fat service-memory: memory 94 % of 1 GiB
            redis redis-memory: memory 98 % of its maxmemory 256 MiB
            redis redis-persistence: does not save its data: the last AOF write failed
            redis redis-evictions: evicts 2.5 keys a second
            loud log-flood: 1.1 MiB of its output could not be kept
            @host cpu-high: CPU 97 %
            @host cpu-sustained: CPU, mean of an hour, 85 %
            @memory memory-high: memory 91 %
            @disk disk-high: disk /var 92 %
            @disk inodes-high: inodes /var 95 %
            @disk disk-filling: full in 5 h at the rate of the last hour
            @host clock-jump: the clock jumped 90 s back
            @postgres database-slow: needs 1.5 s to connect
            @postgres database-not-encrypted: the connection is not encrypted, though its URL asks for it
            @postgres database-connections: 91 of 100 connections
            @postgres database-size: size 90 % of the plan's 9.3 GiB
            @certificate certificate-expiring: certificate example.org expires in 9 days
            @front-door front-door: does not answer: connection refused
            @backup backup-old: the newest backup is 9 days old
            @snapshot snapshot-old: there is no snapshot of the droplet
            @agent collector-lost: the collector is lost: exited with code 1
            @agent stack-refused: the stack file is refused, the old one goes on: stack.yaml:3: unknown key
            @agent ledger-failing: the ledger does not keep what happens: disk full
            @agent notifier-failing: the on_alert command failed 3 times in a row; left out: 7 alerts
            @agent brake: too many restarts because of bad health, no more for now: loop, sick
            @agent outbox-filling: what waits for the database fills 52 % of its room: connection refused
            @agent agent-memory: uses 67 MiB of memory
            sick rollout-failed: a rollout failed: deploy of 42: exited with code 3
            """)
    }

    @Test func `no rule is forgotten`() {
        var rules = Set(findings(seeAllWrong).filter { $0.level == .raised }.map(\.rule))
        rules.formUnion(
            findings { $0.database = .away("gone") }.filter { $0.level == .raised }.map(\.rule))
        // The book raises these itself.
        rules.formUnion([.maintenanceOverdue, .test])
        #expect(rules == Set(AlertRule.allCases))
    }

    @Test func `what is well, or not there, has nothing raised and clears what was`() {
        let found = findings {
            $0.services = [service("news"), service("stopped", .down) { $0.isWanted = false }]
        }
        #expect(found.allSatisfy { $0.level == .cleared })
        #expect(found.count { $0.subject == "stopped" } > 5)
        #expect(found.count { $0.subject == "@postgres" } == 5)
    }

    @Test func `what is unknown is not mentioned`() {
        let found = findings {
            $0.services = [service("redis", .waiting)]
            $0.database = .unknown
            $0.frontDoor = .unknown
            $0.certificates = .unknown
            $0.backup = .unknown
            $0.snapshot = .unknown
        }
        let rules = Set(found.map(\.rule))
        for rule: AlertRule in [
            .redisMemory, .redisPersistence, .databaseAway, .databaseSlow, .frontDoor, .cpuHigh,
            .certificateExpiring, .backupOld, .snapshotOld, .diskFilling, .clockJump, .agentMemory,
            .diskHigh,
        ] { #expect(!rules.contains(rule), "\(rule)") }
    }

    @Test func `on its way a service is neither down nor well`() {
        for stage in [ServiceStage.starting, .stopping, .held] {
            #expect(
                level(.serviceDown) { $0.services = [service("news", stage, .unknown)] } == .between
            )
        }
        #expect(
            level(.serviceDown) { $0.services = [service("job", .completed, .unknown)] } == .cleared
        )
    }

    @Test func `the cause lists who suffers, and they raise nothing`() {
        let sufferers: [ServiceName] = ["news", "trading"]
        func see(_ seen: inout Observation) {
            seen.services =
                [service("redis", .waiting), service("other", .up, .unhealthy)]
                + sufferers.map { name in
                    service(name, .up, .blocked) { $0.causes = ["redis", "@postgres"] }
                } + [service("recovered") { $0.causes = ["redis"] }]
            seen.database = .away("gone")
        }
        #expect(
            raised(see) == [
                "redis service-down: is down [\"news\", \"trading\"]",
                "other service-unhealthy: is unhealthy",
                "@postgres database-away: is away: gone [\"news\", \"trading\"]",
            ])
        let theirs = findings(see).filter {
            $0.subject == "news" && ![.logFlood, .rolloutFailed].contains($0.rule)
        }
        #expect(theirs.allSatisfy { $0.level == .excused })
    }

    @Test func `what the operator stopped has no sufferers with alerts`() {
        let found = findings {
            $0.services = [
                service("redis", .down) { $0.isWanted = false },
                service("news", .held, .unknown) { $0.causes = ["redis"] },
            ]
        }
        #expect(found.allSatisfy { $0.level == .cleared })
    }

    @Test(arguments: [
        (0.91, Finding.Level.raised), (0.9, .between), (0.86, .between), (0.85, .cleared),
    ])
    func `between the thresholds nothing changes`(share: Double, expected: Finding.Level) {
        #expect(level(.cpuHigh) { $0.readings["@host"] = [.hostCPU: share] } == expected)
    }

    @Test(arguments: [(13.9, Finding.Level.raised), (14.5, .between), (15.1, .cleared)])
    func `a certificate is about to expire`(days: Double, expected: Finding.Level) {
        #expect(
            level(.certificateExpiring) { $0.certificates = .seen([certificate(days: days)]) }
                == expected)
    }

    @Test func `a failed rollout is about the service that failed, and no other one`() {
        func found(_ failure: FailedRollout?) -> [String: Finding.Level] {
            let found = findings {
                $0.services = [service("news"), service("scanner")]
                $0.agent.rolloutFailure = failure
            }.filter { $0.rule == .rolloutFailed }
            return Dictionary(uniqueKeysWithValues: found.map { ("\($0.subject)", $0.level) })
        }
        let none: [String: Finding.Level] = [
            "news": .cleared, "scanner": .cleared, "@agent": .cleared,
        ]
        #expect(found(nil) == none)
        #expect(
            found(FailedRollout("scanner", "")) == none.merging(["scanner": .raised]) { $1 })
        #expect(found(FailedRollout("@agent", "")) == none.merging(["@agent": .raised]) { $1 })
        // It was taken back, and is in no stack that could ever clear it.
        #expect(found(FailedRollout("new", "")) == none.merging(["@agent": .raised]) { $1 })
    }

    @Test func `an expired certificate and a broken chain are told as such`() {
        #expect(
            raised { $0.certificates = .seen([certificate(days: -3), certificate(days: 10)]) } == [
                "@certificate certificate-expiring (critical): certificate example.org expired 3 days ago"
            ])
        #expect(
            raised { $0.certificates = .seen([certificate(days: 90, problem: "self-signed")]) } == [
                "@certificate certificate-expiring: certificate example.org (/etc/tls/cert.pem): self-signed"
            ])
    }

    @Test(arguments: [
        (401, true, Finding.Level.cleared), (200, true, .raised), (502, true, .raised),
        (200, false, .cleared), (302, false, .cleared), (502, false, .raised),
    ])
    func `the front door answers as it should`(
        status: Int, isGuarded: Bool, expected: Finding.Level
    ) {
        var facts = FrontDoorFacts()
        facts.status = status
        #expect(
            level(.frontDoor) {
                $0.frontDoor = .seen(facts)
                $0.frontDoorIsGuarded = isGuarded
            } == expected)
    }
}
