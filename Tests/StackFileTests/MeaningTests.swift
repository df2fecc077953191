import StackModel
import Testing

@testable import StackFile

@Test func `what is left out has Compose's defaults, and ours where it has none`() throws {
    let outcome = try loadService("command: run")
    let spec = try #require(outcome["a"])
    #expect(spec.restart.condition == .never)
    #expect(spec.stopSignal == .terminate)
    #expect(spec.stopGracePeriod == .seconds(10))
    #expect(spec.healthCheck == .none)
    #expect(spec.logging == LogPolicy())
    #expect(spec.workingDirectory.hasPrefix("/tmp/stackfile-tests-"))
    #expect(spec.user == nil)
    #expect((spec.update, spec.rollback) == (UpdatePolicy(), UpdatePolicy()))
    #expect((spec.update.order, spec.update.monitor, spec.update.failureAction) == (nil, nil, nil))
    #expect((spec.listen, spec.hold, spec.source, spec.drain) == (nil, nil, [], .seconds(1)))
    #expect(outcome.stack?.releases == ReleasePolicy())
}

@Test(arguments: [
    ("command: a b 'c d' \"e\\\"f\" g\\ h ''", ["a", "b", "c d", "e\"f", "g h", ""]),
    ("command: [a, b c, 5, true]", ["a", "b c", "5", "true"]),
    ("entrypoint: [python, -m]\ncommand: uvicorn app", ["python", "-m", "uvicorn", "app"]),
    ("entrypoint: run it", ["run", "it"]),
    ("command: >\n  a\n  --b\n  c", ["a", "--b", "c"]),
    ("command: echo $$HOME", ["echo", "$HOME"]),
])
func `a command is split like a shell's, or taken as a list`(keys: String, words: [String]) throws {
    let outcome = try loadService(keys)
    #expect(outcome.errors == [])
    #expect(outcome["a"]?.command == words)
}

@Test func `a health check has Compose's forms and ours`() throws {
    for (test, probe) in [
        ("exit 0", .shell("exit 0")),
        ("[CMD-SHELL, echo $$PATH]", .shell("echo $PATH")),
        (
            "[CMD, curl, -f, 'http://localhost:5001/health']",
            .exec(["curl", "-f", "http://localhost:5001/health"])
        ),
        ("[HTTP, 'http://127.0.0.1:5001/health']", .http(url: "http://127.0.0.1:5001/health")),
        ("[TCP, '127.0.0.1:5001']", .tcp(host: "127.0.0.1", port: 5001)),
        ("[REDIS, 'redis://127.0.0.1:6379']", .redis(url: "redis://127.0.0.1:6379")),
        ("[POSTGRES, 'postgresql://a@b/c']", .postgres(url: "postgresql://a@b/c")),
        ("[NOTIFY]", .notify), ("[NONE]", .none),
    ] as [(String, Probe)] {
        let outcome = try loadService("command: x\nhealthcheck: {test: \(test)}")
        #expect(outcome.errors == [])
        #expect(outcome["a"]?.healthCheck.probe == probe)
    }
    let all = try loadService(
        """
        command: x
        healthcheck:
          {test: [NOTIFY], interval: 1m30s, timeout: 500ms, retries: 5, start_period: 1h,
           start_interval: 20ms}
        x-catalyst: {healthy_after: 4}
        """)
    let check = try #require(all["a"]?.healthCheck)
    #expect(check.interval == .seconds(90))
    #expect(check.timeout == .milliseconds(500))
    #expect((check.retries, check.successes) == (5, 4))
    #expect(check.startPeriod == .seconds(3600))
    #expect(check.startInterval == .milliseconds(20))
    let off = try loadService("command: x\nhealthcheck: {test: [NOTIFY], disable: true}")
    #expect(off["a"]?.healthCheck.probe == Probe.none)
}

@Test func `a loopback port in a probe is the service's own`() throws {
    let curl = try loadService(
        "command: x\nhealthcheck: {test: [CMD, curl, -f, 'http://localhost:5001/health']}")
    #expect(curl["a"]?.ports == [Port(number: 5001)])
    let far = try loadService(
        "command: x\nhealthcheck: {test: [HTTP, 'http://example.com:5001/health']}")
    #expect(far["a"]?.ports == [])
    let both = try load(
        """
        services:
          redis: {command: x, healthcheck: {test: [REDIS, 'redis://127.0.0.1:6379']}}
          exporter: {command: x, healthcheck: {test: [REDIS, 'redis://127.0.0.1:6379']}}
        """)
    #expect(both.errors == [])
}

@Test(
    arguments: [
        ("no", .never, nil), ("\"no\"", .never, nil), ("false", .never, nil),
        ("always", .always, nil),
        ("unless-stopped", .always, nil), ("on-failure", .onFailure, nil),
        ("on-failure:3", .onFailure, 3),
    ] as [(String, RestartPolicy.Condition, Int?)])
func `restart has Compose's words`(
    word: String, condition: RestartPolicy.Condition, attempts: Int?
) throws {
    let spec = try loadService("command: x\nrestart: \(word)")["a"]
    #expect(spec?.restart.condition == condition)
    #expect(spec?.restart.attemptsMax == attempts)
}

@Test func `deploy's restart policy wins over restart, and x-catalyst over both`() throws {
    let keys = """
        command: x
        restart: always
        deploy: {restart_policy: {condition: on-failure, delay: 2m, max_attempts: 4, window: 90s}}
        """
    let policy = try #require(try loadService(keys)["a"]?.restart)
    #expect(policy.condition == .onFailure)
    #expect((policy.backoff.initial, policy.backoff.max) == (.seconds(120), .seconds(120)))
    #expect((policy.attemptsMax, policy.window) == (4, .seconds(90)))
    let ours = try loadService(
        keys + "\nx-catalyst: {backoff: {initial: 1s, max: 8s, jitter: 0, reset_after: 2m},"
            + " retry_failed_every: off}")
    #expect(ours.errors == [])
    let tuned = try #require(ours["a"]?.restart)
    #expect((tuned.backoff.initial, tuned.backoff.max) == (.seconds(1), .seconds(8)))
    #expect((tuned.backoff.jitter, tuned.backoff.resetAfter) == (0, .seconds(120)))
    #expect(tuned.slowRetry == .zero)
}

@Test func `limits, confinement and logging are read`() throws {
    let outcome = try loadService(
        """
        command: x
        deploy:
          resources:
            limits: {cpus: "1.5", memory: 1.5gb, pids: 100}
            reservations: {cpus: 0.25, memory: 256M}
        blkio_config: {weight: 300}
        cap_drop: [ALL]
        cap_add: [CAP_NET_BIND_SERVICE]
        ulimits: {nofile: {soft: 1024, hard: 4096}, core: 0, memlock: -1}
        security_opt: ["no-new-privileges:true"]
        read_only: true
        tmpfs: /run/a
        oom_score_adj: -500
        stop_signal: SIGINT
        stop_grace_period: 1m
        user: "1000:1000"
        logging: {driver: local}
        """)
    #expect(outcome.errors == [])
    let spec = try #require(outcome["a"])
    #expect(spec.resources.limits.memory?.bytes == 3 << 29)
    #expect((spec.resources.limits.cpus, spec.resources.limits.pids) == (1.5, 100))
    #expect(spec.resources.ioWeight == 300)
    let confinement = spec.confinement
    #expect(confinement.capabilitiesDropped == ["ALL"])
    #expect(confinement.capabilitiesAdded == ["NET_BIND_SERVICE"])
    #expect(confinement.ulimits["nofile"] == .init(soft: 1024, hard: 4096))
    #expect(confinement.ulimits["memlock"] == .init(soft: -1, hard: -1))
    #expect(confinement.noNewPrivileges && confinement.readOnly)
    #expect((confinement.tmpfs, confinement.oomScoreAdjustment) == (["/run/a"], -500))
    #expect((spec.stopSignal, spec.stopGracePeriod) == (SignalName(number: 2), .seconds(60)))
    #expect(spec.user == "1000:1000")
    #expect((spec.logging.driver, spec.logging.sizeMax) == (.local, .mebibytes(20)))
    #expect(spec.logging.compress)
}

@Test func `what later work gives meaning to is carried`() throws {
    let outcome = try load(
        """
        services:
          a:
            command: x
            healthcheck: {test: [HTTP, "http://127.0.0.1:80/"]}
            pre_start: [{command: [migrate, up], user: b, environment: {A: 1}, working_dir: /c}]
            pre_stop: [{command: drain}]
            deploy:
              update_config: {order: start-first, delay: 1s, monitor: 9s, failure_action: rollback}
              rollback_config: {failure_action: continue, max_failure_ratio: 0.5, parallelism: 0}
            x-catalyst:
              listen: 127.0.0.1:80
              hold: test -e /run/orders
              source: [services/a, shared]
              on_unhealthy: alert
              contract: {service: a, schema: v5, version: "5.3", freshness: 1m}
        x-catalyst:
          freeze: ["Mon-Fri 09:30-16:00 America/New_York", "Sat,Sun 22:00-02:00"]
          host: {vcpus: 4, memory: 8G, disk: 160g, costs: {droplet: 48, postgres: 15.5}}
        """)
    #expect(outcome.errors == [])
    #expect(outcome.warnings == [])
    let spec = try #require(outcome["a"])
    #expect(spec.hooks.preStart.first?.command == ["migrate", "up"])
    #expect(spec.hooks.preStart.first?.environment == ["A": "1"])
    #expect(spec.hooks.preStop.first?.command == ["drain"])
    #expect((spec.update.order, spec.update.failureAction) == (.startFirst, .rollback))
    #expect((spec.rollback.parallelism, spec.rollback.failureRatioMax) == (0, 0.5))
    #expect(spec.update.monitor == Seconds(wrappedValue: .seconds(9)))
    #expect(spec.listen == "127.0.0.1:80")
    #expect(spec.hold == Hold(command: ["test", "-e", "/run/orders"]))
    #expect((spec.source, spec.onUnhealthy) == (["services/a", "shared"], .alert))
    #expect((spec.contract.schema, spec.contract.freshness) == ("v5", .seconds(60)))
    let stack = try #require(outcome.stack)
    #expect(stack.freeze.count == 2)
    #expect((stack.host.cpus, stack.host.costs) == (4, ["droplet": 48, "postgres": 15.5]))
}

@Test func `dependencies have both forms, and only active ones count`() throws {
    let text = """
        services:
          a: {command: x, restart: "no"}
          extra: {command: x, profiles: [debug]}
          b:
            command: x
            depends_on:
              a: {condition: service_completed_successfully, restart: true}
              extra: {condition: service_started, required: false}
          c: {command: x, depends_on: [a, b]}
        """
    let outcome = try load(text)
    #expect(outcome.errors == [])
    #expect(outcome.stack?.services.map(\.name) == ["a", "b", "c"])
    #expect(outcome["b"]?.dependencies == [Dependency(on: "a", .completed, restart: true)])
    #expect(outcome["c"]?.dependencies == [Dependency(on: "a"), Dependency(on: "b")])
    let folder = try StackFolder(["stack.yaml": text])
    let debug = folder.load(profiles: ["debug"])
    #expect(debug.stack?.services.count == 4)
    #expect(debug["b"]?.dependencies.last == Dependency(on: "extra", isRequired: false))
    let needed = try load(text.replacing(", required: false", with: ""))
    #expect(
        needed.errors == [
            "stack.yaml:8: 'depends_on': service 'extra' is not active: "
                + "choose one of its profiles, or write 'required: false'"
        ])
}
