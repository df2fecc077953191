import StackModel
import Testing

@testable import StackFile

/// A stack with these lines below `x-catalyst`, the first of them in line 3.
private func loadExtras(_ keys: String, environment: [String: String] = [:]) throws -> Outcome {
    let lines = keys.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
    return try load(
        "services: {a: {command: x, healthcheck: {test: [TCP, '127.0.0.1:80']}}}\nx-catalyst:\n"
            + lines + "\n",
        environment: environment)
}

@Test func `without a word about alerts every rule has its standard`() throws {
    let stack = try #require(try loadExtras("rollout: {}").stack)
    #expect(stack.alerts == AlertSettings())
    #expect(stack.watch == Watch())
    #expect(stack.brake == BrakePolicy())
    #expect(stack.metrics == .standardMetrics)
    #expect(stack.database == nil)
}

@Test func `alerts say who is told, how often, and when a rule holds`() throws {
    let outcome = try loadExtras(
        """
        alerts:
          on_alert: [/usr/local/bin/page, --to, operator]
          on_alert_timeout: 3s
          remind_after: 30m
          flood: {max: 5, window: 10s}
          rules:
            disk-high: {severity: critical, above: 95%, clear: 0.9, for: 2m, hold: 3m}
            certificate-expiring: {below: 21d, clear: 22}
            disk-filling: {below: 12h}
            database-slow: {threshold: 250ms, clear: 100ms}
            service-crash-looping: {threshold: 5}
            redis-evictions: {above: 0.5}
            agent-memory: {above: 100M, clear: 90M}
            backup-old: {above: 2d}
            cpu-sustained: off
            memory-high: on
        """)
    #expect(outcome.errors == [])
    let alerts = try #require(outcome.stack?.alerts)
    #expect(alerts.onAlert == ["/usr/local/bin/page", "--to", "operator"])
    #expect((alerts.onAlertTimeout, alerts.remindAfter) == (.seconds(3), .seconds(1800)))
    #expect((alerts.floodMax, alerts.floodWindow) == (5, .seconds(10)))
    let disk = AlertPolicy(
        .critical, threshold: 0.95, clear: 0.9, after: .seconds(120), hold: .seconds(180))
    #expect(alerts.rules[.diskHigh] == disk)
    #expect(levels(alerts, .certificateExpiring) == [21, 22])
    #expect(levels(alerts, .diskFilling) == [43_200, 2 * 86_400])
    #expect(levels(alerts, .databaseSlow) == [0.25, 0.1])
    #expect(levels(alerts, .serviceCrashLooping) == [5, 3])
    #expect(levels(alerts, .redisEvictions) == [0.5, 0])
    #expect(levels(alerts, .agentMemory) == [104_857_600, 94_371_840])
    #expect(levels(alerts, .backupOld) == [2 * 86_400, 36 * 3600])
    #expect(alerts.rules[.cpuSustained]?.isEnabled == false)
    #expect(alerts.rules[.memoryHigh] == nil)
}

private func levels(_ alerts: AlertSettings, _ rule: AlertRule) -> [Double?] {
    let policy = alerts.policy(for: rule)
    return [policy.threshold, policy.clear]
}

@Test func `a rule that is given in part keeps the rest of its standard`() throws {
    let outcome = try loadExtras(
        """
        alerts:
          rules:
            cpu-high: {for: 5m}
            memory-high: {above: 50%}
            inodes-high: {above: 90%}
            service-down: {severity: warning}
        """)
    let rules = try #require(outcome.stack?.alerts.rules)
    var expected = AlertPolicy.standard(for: .cpuHigh)
    expected.after = .seconds(300)
    #expect(rules[.cpuHigh] == expected)
    // Its usual clear level, 85 %, would be above what raises it.
    #expect(rules[.memoryHigh]?.clear == 0.5)
    #expect(rules[.inodesHigh] == nil, "it is the standard")
    #expect(rules[.serviceDown]?.after == .seconds(5))
}

@Test(arguments: ["off", "0", "0s"])
func `reminders can be turned off`(word: String) throws {
    let stack = try loadExtras("alerts: {remind_after: \(word)}").stack
    #expect(stack?.alerts.remindAfter == .zero)
}

@Test func `on_alert is a line or a list, and an empty one is none`() throws {
    let line = try loadExtras("alerts: {on_alert: \"page --text 'a b'\"}")
    #expect(line.stack?.alerts.onAlert == ["page", "--text", "a b"])
    let none = try loadExtras("alerts: {on_alert: '${ON_ALERT:-}'}")
    #expect(none.stack?.alerts == AlertSettings())
}

@Test func `what is watched, braked, served and paid for is read`() throws {
    let outcome = try loadExtras(
        """
        watch:
          certificates: [/etc/ssl/a.pem, b.pem]
          front_door: {url: "https://example.org/mcp", guarded: false}
          backups: /var/backups/catalyst
          snapshots: /var/backups/catalyst/snapshot.json
          disks: /srv
        brake: {restarts: 5, window: 1m}
        metrics: 127.0.0.1:9000
        host: {database: {size: 20g, connections: 50}, costs: {droplet: 48}}
        """)
    #expect(outcome.errors == [])
    let stack = try #require(outcome.stack)
    #expect(stack.watch.certificates.first == "/etc/ssl/a.pem")
    #expect(stack.watch.certificates.last?.hasPrefix("/tmp/stackfile-tests-") == true)
    #expect(stack.watch.frontDoor == "https://example.org/mcp")
    #expect(!stack.watch.frontDoorIsGuarded)
    #expect((stack.watch.backups, stack.watch.disks) == ("/var/backups/catalyst", ["/srv"]))
    #expect(stack.watch.snapshots == "/var/backups/catalyst/snapshot.json")
    #expect((stack.brake.restarts, stack.brake.window) == (5, .seconds(60)))
    #expect(stack.metrics == Port(number: 9000))
    #expect((stack.host.databaseSize.bytes, stack.host.databaseConnections) == (20 << 30, 50))
    #expect(stack.host.costs == ["droplet": 48])
    let short = try loadExtras("watch: {front_door: \"https://example.org\"}\nmetrics: off").stack
    #expect(short?.watch.frontDoor == "https://example.org")
    #expect(short?.watch.frontDoorIsGuarded == true)
    #expect(short != nil && short?.metrics == nil)
}

@Test(
    arguments: [
        ("database: \"postgresql://u:p@h/d\"", nil, "postgresql://u:p@h/d"),
        ("database: \"${OTHER_URL}\"", nil, "postgres://other/d"),
        ("database: off", "postgresql://env/d", nil),
        ("database: \"\"", "postgresql://env/d", nil),
        ("database:", "postgresql://env/d", "postgresql://env/d"),
        ("rollout: {}", "postgresql://env/d", "postgresql://env/d"),
        ("rollout: {}", "postgresql+asyncpg://u@env/d", "postgresql://u@env/d"),
        ("rollout: {}", "", nil), ("rollout: {}", nil, nil),
    ] as [(String, String?, String?)])
func `the database is the file's, else the environment's`(
    keys: String, variable: String?, url: String?
) throws {
    var environment = ["OTHER_URL": "postgres://other/d"]
    environment["DATABASE_URL"] = variable
    let outcome = try loadExtras(keys, environment: environment)
    #expect(outcome.errors == [] && outcome.warnings == [])
    #expect(outcome.stack != nil && outcome.stack?.database == url)
}

@Test func `the database of .env counts where there is no x-catalyst`() throws {
    let folder = try StackFolder([
        "stack.yaml": "services: {a: {command: x}}", ".env": "DATABASE_URL=postgres://h/d\n",
    ])
    #expect(folder.load().stack?.database == "postgres://h/d")
}

@Test func `a variable that holds another kind of database is warned of, unseen`() throws {
    let outcome = try loadExtras(
        "rollout: {}", environment: ["DATABASE_URL": "mysql://root:hunter2@h/d"])
    #expect(outcome.stack != nil && outcome.stack?.database == nil)
    #expect(outcome.warnings.count == 1)
    #expect(outcome.warnings.first?.contains("'DATABASE_URL' is no 'postgresql://…'") == true)
    #expect(!outcome.warnings.joined().contains("hunter2"))
}

/// Lines below `x-catalyst`, and how what is said of them begins.
private let mistakes = """
    alerts: {rules: {cpu-hihg: off}}
      3: 'x-catalyst.alerts.rules.cpu-hihg': unknown key, did you mean 'cpu-high'?
    alerts: {cpu-high: off}
      3: 'x-catalyst.alerts.cpu-high': cannot be honoured: write it below 'rules'
    alerts: {on_alarm: x}
      3: 'x-catalyst.alerts.on_alarm': unknown key, did you mean 'on_alert'?
    alerts: {on_alert: ["", x]}
      3: 'x-catalyst.alerts.on_alert': its first word, the program, is empty
    alerts: {remind_after: 10ms}
      3: 'x-catalyst.alerts.remind_after': must be at least 1s, is '10ms'
    alerts: {flood: {max: 0}}
      3: 'x-catalyst.alerts.flood.max': must be a whole number from 1 to 10000, is '0'
    alerts: {rules: {cpu-high: perhaps}}
      3: 'x-catalyst.alerts.rules.cpu-high': must be true or false, is 'perhaps'
    alerts: {rules: {cpu-high: {severity: bad}}}
      3: 'x-catalyst.alerts.rules.cpu-high.severity': unknown severity 'bad': must be 'warning…
    alerts: {rules: {cpu-high: {above: 90}}}
      3: 'x-catalyst.alerts.rules.cpu-high.above': must be a share such as '90%' or '0.9', is …
    alerts: {rules: {cpu-high: {above: 101%}}}
      3: 'x-catalyst.alerts.rules.cpu-high.above': must be a share such as '90%' or '0.9', is …
    alerts: {rules: {cpu-high: {above: -0.1}}}
      3: 'x-catalyst.alerts.rules.cpu-high.above': must be a share such as '90%' or '0.9', is …
    alerts: {rules: {cpu-high: {below: 10%}}}
      3: 'x-catalyst.alerts.rules.cpu-high.below': write 'above': that is where it is raised
    alerts: {rules: {certificate-expiring: {above: 14d}}}
      3: 'x-catalyst.alerts.rules.certificate-expiring.above': write 'below': that is where it…
    alerts: {rules: {certificate-expiring: {below: soon}}}
      3: 'x-catalyst.alerts.rules.certificate-expiring.below': 'soon' is no duration such as '…
    alerts: {rules: {database-slow: {above: 5}}}
      3: 'x-catalyst.alerts.rules.database-slow.above': has no unit, write '5s' for seconds (u…
    alerts: {rules: {service-crash-looping: {above: 2.5}}}
      3: 'x-catalyst.alerts.rules.service-crash-looping.above': must be a whole number from 1 …
    alerts: {rules: {service-down: {above: 1}}}
      3: 'x-catalyst.alerts.rules.service-down.above': cannot be given: it has no level, it ho…
    alerts: {rules: {service-down: {clear: 1}}}
      3: 'x-catalyst.alerts.rules.service-down.clear': cannot be given: it has no level, it ho…
    alerts: {rules: {cpu-high: {above: 90%, threshold: 80%}}}
      3: 'x-catalyst.alerts.rules.cpu-high.above': says again what its threshold is: write one
    alerts: {rules: {cpu-high: {above: 80%, clear: 85%}}}
      3: 'x-catalyst.alerts.rules.cpu-high.clear': is above the threshold: it could be raised …
    alerts: {rules: {cpu-high: {clear: 95%}}}
      3: 'x-catalyst.alerts.rules.cpu-high.clear': is above the threshold: it could be raised …
    alerts: {rules: {certificate-expiring: {below: 14d, clear: 10d}}}
      3: 'x-catalyst.alerts.rules.certificate-expiring.clear': is below the threshold: it coul…
    alerts: {rules: {cpu-high: {for: 1}}}
      3: 'x-catalyst.alerts.rules.cpu-high.for': has no unit, write '1s' for seconds (us, ms, …
    watch: {certificate: a}
      3: 'x-catalyst.watch.certificate': unknown key, did you mean 'certificates'?
    watch: {disks: [""]}
      3: 'x-catalyst.watch.disks': is empty
    watch: {front_door: example.org}
      3: 'x-catalyst.watch.front_door': 'example.org' is no URL such as 'https://example.org/m…
    watch: {front_door: {guarded: false}}
      3: 'x-catalyst.watch.front_door': has no 'url'
    brake: {restarts: 0}
      3: 'x-catalyst.brake.restarts': must be a whole number from 1 to 1000, is '0'
    database: host=h password=hunter2
      3: 'x-catalyst.database': must be 'off' or such as 'postgresql://user:password@host:2506…
    metrics: 0.0.0.0:9464
      3: 'x-catalyst.metrics': '0.0.0.0:9464' can be reached from other hosts: write '127.0.0.…
    metrics: "9464"
      3: 'x-catalyst.metrics': '9464' is no numeric address and port such as '127.0.0.1:9464'
    metrics: 127.0.0.1:80
      3: 'x-catalyst.metrics': duplicate port 80: 'a' has it already
    host: {database: {conections: 5}}
      3: 'x-catalyst.host.database.conections': unknown key, did you mean 'connections'?
    """.split(separator: "\n")

@Test(arguments: Array(stride(from: 0, to: mistakes.count, by: 2)))
func `a mistake in what is watched is told with the way out`(_ index: Int) throws {
    let (keys, line) = (String(mistakes[index]), mistakes[index + 1].drop { $0 == " " })
    let message = "stack.yaml:" + (line.hasSuffix("…") ? line.dropLast() : line)
    let outcome = try loadExtras(keys)
    #expect(outcome.stack == nil)
    #expect(outcome.errors.contains { $0.hasPrefix(message) }, "\(outcome.errors)")
    #expect(!outcome.errors.joined().contains("hunter2"))
}

@Test func `each rule's standard can be written out, and is then the standard`() throws {
    for rule in AlertRule.allCases {
        var stack = StackSpec(name: "a", services: [ServiceSpec(name: "a", command: ["x"])])
        var policy = AlertPolicy.standard(for: rule)
        let isUp = rule.level?.side == .above
        if let level = rule.level { #expect(policy.threshold != nil, "\(rule): \(level)") }
        #expect((rule.level == nil) == (policy.threshold == nil), "\(rule)")
        policy.severity = policy.severity == .warning ? .critical : .warning
        if let threshold = policy.threshold, rule.level?.unit == .share {
            (policy.threshold, policy.clear) = (threshold * 0.9, threshold * 0.8)
        } else if let threshold = policy.threshold, threshold > 0 {
            (policy.threshold, policy.clear) = (threshold * 2, threshold * (isUp ? 1 : 3))
        }
        (policy.after, policy.hold) = (policy.after + .seconds(1), policy.hold + .seconds(1))
        stack.alerts.rules[rule] = policy
        let text = written(stack)
        let again = try load(text)
        #expect(again.errors == [], "\(text)")
        #expect(again.stack?.alerts == stack.alerts, "\(text)")
    }
}
