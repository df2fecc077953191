import StackModel
import Testing

@testable import StackFile

private let everything = """
    name: all
    services:
      b: {command: x, x-catalyst: {listen: "@b", hold: "a b", drain: 0}}
      c: {command: x, x-catalyst: {listen: "[::1]:80"}}
      a:
        command: [run, "it's $$5", "", "\\e[0m", "yes", "1.0", "a: b", "# no", "•••x"]
        working_dir: /srv/a b
        user: root:adm
        environment: {A: "two\\nlines", B: "", "odd-name": "  x  "}
        depends_on: {b: {condition: service_started, restart: true, required: false}}
        healthcheck:
          {test: [HTTP, "http://127.0.0.1:5001/"], interval: 1m30s, timeout: 1500ms, retries: 1}
        deploy:
          resources: {limits: {cpus: 0.5, memory: 1536k, pids: 9}, reservations: {memory: 1000}}
          restart_policy: {condition: on-failure, max_attempts: 3, window: 10s}
          update_config: {order: start-first, failure_action: rollback, parallelism: 2}
          rollback_config: {monitor: 0s, max_failure_ratio: 0.25}
        stop_signal: SIGINT
        stop_grace_period: 2m
        logging: {driver: local, options: {max-size: 5m}}
        ulimits: {nofile: {soft: 10, hard: 20}}
        cap_drop: [ALL]
        cap_add: [CHOWN]
        security_opt: [no-new-privileges]
        read_only: true
        tmpfs: [/run/x]
        oom_score_adj: 5
        blkio_config: {weight: 300}
        labels: {a.b: "c"}
        pre_start: [{command: [a, b], user: x, environment: {K: v}}, {command: c}]
        post_start: [{command: d}]
        pre_stop: [{command: e, working_dir: /tmp}]
        x-catalyst:
          listen: {address: "127.0.0.1:5001", backlog: 7}
          contract: {schema: v5.0 normalized, version: release, freshness: 5m}
          on_unhealthy: alert
          hold: {command: [test, -e, x], every: 1s, limit: 2h}
          drain: 2500ms
          source: [a, b/c d]
          backoff: {initial: 1s, max: 2s, jitter: 0.5, reset_after: 3s}
          retry_failed_every: 0
          healthy_after: 2
    x-catalyst:
      rollout: {order: [b, a], soak: 1s, failure_action: pause}
      releases:
        {directory: /opt/c d, repository: "git@h:c.git", build: "a && b '$$c'", build_timeout: 1h,
         keep: 100, stack: s/t.yaml, space: 0}
      freeze: [Mon 00:00-24:00 UTC]
      alerts:
        on_alert: [page, "it's $$5"]
        on_alert_timeout: 1m
        remind_after: off
        flood: {max: 3, window: 2m}
        rules:
          service-down: off
          cpu-high: {severity: critical, above: 95.5%, clear: 12.3%, for: 1s, hold: 0}
          database-size: {above: 0.7}
          disk-filling: {below: 1500ms}
          certificate-expiring: {below: 20.5, clear: 21d}
      watch:
        {certificates: [/a.pem, /b c.pem], front_door: {url: "https://h/", guarded: no},
         backups: /var/b, snapshots: /var/s.json, disks: [/srv]}
      brake: {restarts: 1, window: 1h}
      database: "postgresql://u:p%40$$@h:1/d"
      metrics: "[::1]:1"
      host:
        {cpus: 2, memory: 1G, disk: 2G, costs: {a: 1.5}, database: {size: 1g, connections: 7}}
    """

@Test func `what is written is read as the same stack`() throws {
    let outcome = try load(everything)
    #expect(outcome.errors == [])
    var stack = try #require(outcome.stack)
    let text = written(stack)
    let again = try load(text)
    #expect(again.errors == [], "\(text)")
    var copy = try #require(again.stack)
    (stack.warnings, copy.warnings) = ([], [])
    for (one, two) in zip(stack.services, copy.services) { #expect(one == two) }
    #expect(stack == copy)
}

@Test func `what people are shown holds no secret`() throws {
    let outcome = try load(
        """
        services:
          a:
            command: [x, --requirepass, hunter2, --token=hunter2, "redis://:hunter2@h:1/0"]
            environment:
              DATABASE_URL: "postgresql://catalyst:hunter2@host:25060/db?sslmode=require"
              API_KEY: hunter2
              DSN: host=h password=hunter2 user=u
              PLAIN: shown
            healthcheck: {test: [REDIS, "redis://:hunter2@127.0.0.1:6379"]}
            pre_start: [{command: [y], environment: {MY_SECRET: hunter2}}]
            x-catalyst: {hold: {command: "psql postgresql://u:hunter2@h", every: 1s}}
        x-catalyst:
          releases:
            {repository: "https://u:hunter2@h/c.git", build: "./b --token hunter2 && C_TOKEN=hunter2 ./c"}
          alerts: {on_alert: [page, --token, hunter2, "https://u:hunter2@h/"]}
          watch: {front_door: "https://u:hunter2@example.org/"}
          database: "postgresql://watcher:hunter2@host:25060/db"
        """)
    let stack = try #require(outcome.stack)
    let text = render(stack)
    #expect(!text.contains("hunter2"))
    #expect(text.contains("postgresql://catalyst:•••@host:25060/db?sslmode=require"))
    #expect(text.contains("postgresql://watcher:•••@host:25060/db"))
    #expect(text.contains("PLAIN: shown"))
    #expect(text.contains("API_KEY: •••"))
    #expect(text.contains("./b --token ••• && C_TOKEN=••• ./c"))
    #expect(stack.redacted().redacted() == stack.redacted())
}

@Test func `a difference says what is restarted and why, without values`() throws {
    let old = try #require(
        try load(
            """
            services:
              gone: {command: x}
              same: {command: x}
              tuned: {command: x, stop_grace_period: 5s, x-catalyst: {listen: "@tuned"}}
              changed: {command: x, environment: {A: 1, B: 2}}
            """
        ).stack)
    let new = try #require(
        try load(
            """
            services:
              same: {command: x}
              tuned:
                command: x
                stop_grace_period: 6s
                pids_limit: 9
                blkio_config: {weight: 20}
                labels: {a: b}
                x-catalyst:
                  {listen: {address: "@tuned", backlog: 5}, hold: y, drain: 2s, source: z}
              changed: {command: y, environment: {A: 3, B: 2}}
              added: {command: x}
            x-catalyst:
              releases: {keep: 2}
              freeze: [Mon 00:00-24:00]
              alerts: {rules: {cpu-high: off}}
              watch: {disks: /srv}
              brake: {restarts: 1}
              database: "postgresql://h/d"
              metrics: off
            """
        ).stack)
    var moved = new
    moved.name = old.name
    for index in moved.services.indices {
        moved.services[index].workingDirectory = old.services[0].workingDirectory
    }
    let difference = StackDifference(from: old, to: moved)
    #expect((difference.added, difference.removed) == (["added"], ["gone"]))
    #expect(
        difference.restarted == [.init(service: "changed", keys: ["command", "environment.A"])])
    #expect(
        difference.adjusted == [
            .init(
                service: "tuned",
                keys: [
                    "stop_grace_period", "deploy.resources", "blkio_config", "labels",
                    "x-catalyst.listen", "x-catalyst.hold",
                    "x-catalyst.drain", "x-catalyst.source",
                ])
        ])
    #expect(
        difference.keys == [
            "releases", "freeze", "alerts", "watch", "brake", "database", "metrics",
        ])
    #expect(StackDifference(from: new, to: new).isEmpty)
}
