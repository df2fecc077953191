import StackModel
import Testing

@testable import StackFile

/// The keys of a service, and what is said of them. `command` stands in line 3.
private let serviceMistakes: [(keys: String, message: String)] = [
    ("comand: x", "stack.yaml:3: 'comand': unknown key, did you mean 'command'?"),
    ("restart: allways", "stack.yaml:4: 'restart': unknown policy 'allways', did you mean 'always'?"),
    ("restart: on-failure:x", "stack.yaml:4: 'restart': 'on-failure:x': write 'on-failure:3' for at most 3 restarts"),
    ("restart: [always]", "stack.yaml:4: 'restart': must be text, is a list"),
    ("user: a b", "stack.yaml:4: 'user': 'a b' is no user: write 'name', 'name:group', 'uid' or 'uid:gid'"),
    ("healthcheck: {test: [CMD, x], interval: 30}", "stack.yaml:4: 'healthcheck.interval': has no unit, write '30s' for seconds (us, ms, s, m, h, d)"),
    ("healthcheck: {test: [CMD, x], interval: 5 minutes}", "stack.yaml:4: 'healthcheck.interval': '5 minutes' is no duration such as '30s', '1m30s' or '100ms'"),
    ("healthcheck: {test: [CMD, x], interval: 0s}", "stack.yaml:4: 'healthcheck.interval': must be at least 1ms, is '0s'"),
    ("healthcheck: {test: [CMD, x], timeout: -1s}", "stack.yaml:4: 'healthcheck.timeout': '-1s' is no duration such as '30s', '1m30s' or '100ms'"),
    ("healthcheck: {test: [CMD, x], retries: 0}", "stack.yaml:4: 'healthcheck.retries': must be a whole number from 1 to 1000, is '0'"),
    ("healthcheck: {test: [CMD, x], retrys: 1}", "stack.yaml:4: 'healthcheck.retrys': unknown key, did you mean 'retries'?"),
    ("healthcheck: {interval: 1s}", "stack.yaml:4: 'healthcheck': has no 'test'"),
    ("healthcheck: {test: []}", "stack.yaml:4: 'healthcheck.test': is empty"),
    ("healthcheck: {test: [HTPP, x]}", "stack.yaml:4: 'healthcheck.test': unknown kind of test 'HTPP', did you mean 'HTTP'?"),
    ("healthcheck: {test: [HTTP, localhost/health]}", "stack.yaml:4: 'healthcheck.test': must be [\"HTTP\", \"http://127.0.0.1:5001/health\"]"),
    ("healthcheck: {test: [TCP, localhost]}", "stack.yaml:4: 'healthcheck.test': must be [\"TCP\", \"127.0.0.1:5001\"]"),
    ("healthcheck: yes", "stack.yaml:4: 'healthcheck': must be a mapping, is a plain value"),
    ("stop_signal: SIGTREM", "stack.yaml:4: 'stop_signal': unknown signal 'SIGTREM', did you mean 'SIGTERM'?"),
    ("stop_grace_period: soon", "stack.yaml:4: 'stop_grace_period': 'soon' is no duration such as '30s', '1m30s' or '100ms'"),
    ("read_only: perhaps", "stack.yaml:4: 'read_only': must be true or false, is 'perhaps'"),
    ("oom_score_adj: 1001", "stack.yaml:4: 'oom_score_adj': must be a whole number from -1000 to 1000, is '1001'"),
    ("cap_add: [NET_BIND_SERVICES]", "stack.yaml:4: 'cap_add': unknown capability 'NET_BIND_SERVICES', did you mean 'NET_BIND_SERVICE'?"),
    ("ulimits: {nofiles: 3}", "stack.yaml:4: 'ulimits.nofiles': unknown key, did you mean 'nofile'?"),
    ("ulimits: {nofile: {soft: 9, hard: 3}}", "stack.yaml:4: 'ulimits.nofile.soft': is above the hard limit"),
    ("ulimits: {nofile: {soft: 9}}", "stack.yaml:4: 'ulimits.nofile': needs both 'soft' and 'hard'"),
    ("security_opt: [no-new-privilege]", "stack.yaml:4: 'security_opt': unknown option 'no-new-privilege', did you mean 'no-new-privileges'?"),
    ("tmpfs: run", "stack.yaml:4: 'tmpfs': 'run' is no absolute path"),
    ("logging: {driver: jsonfile}", "stack.yaml:4: 'logging.driver': unknown driver 'jsonfile', did you mean 'json-file'?"),
    ("logging: {driver: syslog}", "stack.yaml:4: 'logging.driver': unknown driver 'syslog': must be 'json-file', 'local', 'journald' or 'none'"),
    ("logging: {options: {max-size: lots}}", "stack.yaml:4: 'logging.options.max-size': 'lots' is no size such as '512m' or '1.5g'"),
    ("logging: {options: {max-size: 1k}}", "stack.yaml:4: 'logging.options.max-size': must be at least 4K, is '1k'"),
    ("logging: {options: {max_size: 1m}}", "stack.yaml:4: 'logging.options.max_size': unknown key, did you mean 'max-size'?"),
    ("deploy: {resources: {limits: {memory: 1x}}}", "stack.yaml:4: 'deploy.resources.limits.memory': '1x' is no size such as '512m' or '1.5g'"),
    ("deploy: {resources: {limits: {cpus: many}}}", "stack.yaml:4: 'deploy.resources.limits.cpus': must be a number from 0.001 to 10000.0, is 'many'"),
    ("deploy: {resources: {limits: {memory: 1m}, reservations: {memory: 2m}}}", "stack.yaml:4: 'deploy.resources.reservations': reserves more memory than the limit allows"),
    ("deploy: {restart_policy: {condition: always}}", "stack.yaml:4: 'deploy.restart_policy.condition': unknown condition 'always': must be 'none', 'on-failure' or 'any'"),
    ("deploy: {update_config: {order: start_first}}", "stack.yaml:4: 'deploy.update_config.order': unknown order 'start_first', did you mean 'start-first'?"),
    ("deploy: {rollback_config: {failure_action: rollback}}", "stack.yaml:4: 'deploy.rollback_config.failure_action': unknown action 'rollback': must be 'pause' or 'continue'"),
    ("deploy: {replicas: 2}", "stack.yaml:4: 'deploy.replicas': must be 1: a service is one instance"),
    ("mem_limit: 1m\ndeploy: {resources: {limits: {memory: 2m}}}", "stack.yaml:4: 'mem_limit': differs from what 'deploy.resources' says"),
    ("extends: b", "stack.yaml:4: 'extends': cannot be honoured: use a YAML anchor and '<<', or a second file"),
    ("environment: [=x]", "stack.yaml:4: 'environment': '=x' has no fit name"),
    ("environment: {A: [x]}", "stack.yaml:4: 'environment': must be text, is a list"),
    ("env_file: gone.env", "stack.yaml:4: 'env_file': 'gone.env': cannot read it: no such file or directory"),
    ("profiles: [a b]", "stack.yaml:4: 'profiles': 'a b' is no profile's name"),
    ("ports: [70000]", "stack.yaml:4: 'ports': '70000' is no port such as '127.0.0.1:5001:5001'"),
    ("ports: [a:b:c:d]", "stack.yaml:4: 'ports': 'a:b:c:d' is no port such as '127.0.0.1:5001:5001'"),
    ("ports: [{published: 3}]", "stack.yaml:4: 'ports': has no 'target'"),
    ("depends_on: [a]", "stack.yaml:4: 'depends_on': is a circle: a -> a"),
    ("depends_on: {b: {condition: healthy}}", "stack.yaml:4: 'depends_on.b.condition': unknown condition 'healthy': must be 'service_started', 'service_healthy' or 'service_completed_successfully'"),
    ("depends_on: [bb]", "stack.yaml:4: 'depends_on': unknown service 'bb'"),
    ("pre_start: [{comand: x}]", "stack.yaml:4: 'pre_start': has no 'command'"),
    ("x-catalyst: {on_unhealthy: reboot}", "stack.yaml:4: 'x-catalyst.on_unhealthy': unknown reaction 'reboot': must be 'restart' or 'alert'"),
    ("x-catalyst: {listen: localhost}", "stack.yaml:4: 'x-catalyst.listen': 'localhost' is no numeric address and port such as '127.0.0.1:5001'"),
    ("x-catalyst: {hold: \"\"}", "stack.yaml:4: 'x-catalyst.hold': is empty"),
    ("x-catalyst: {backoff: {initial: 5s, max: 1s}}", "stack.yaml:4: 'x-catalyst.backoff': has a 'max' below its 'initial'"),
    ("x-catalyst: {backoff: {jitter: 2}}", "stack.yaml:4: 'x-catalyst.backoff.jitter': must be a number from 0.0 to 1.0, is '2'"),
    ("x-catalyst: {heathy_after: 2}", "stack.yaml:4: 'x-catalyst.heathy_after': unknown key, did you mean 'healthy_after'?"),
    ("user: ${NOBODY}", "stack.yaml:4: 'user': missing variable 'NOBODY': set it in .env, or write '${NOBODY:-}' for none"),
    ("user: ${NOBODY:?who runs it}", "stack.yaml:4: 'user': missing variable 'NOBODY': who runs it"),
    ("labels: {price: 5$}", "stack.yaml:4: 'labels.price'"),
    ("user: a\nuser: b", "stack.yaml:5: 'user': is given twice, first on line 4"),
    ("user: *nobody", "stack.yaml:4: no anchor '&nobody' before this alias"),
    ("user: !rest x", "stack.yaml:4: 'user': unknown tag '!rest'"),
]

@Test(arguments: serviceMistakes.indices)
func `a mistake in a service is told with its line, its key and the way out`(_ index: Int) throws {
    let (keys, message) = serviceMistakes[index]
    let command = keys.contains("comand") && !keys.contains("pre_start") ? "" : "command: run\n"
    let outcome = try loadService(command + keys)
    #expect(outcome.stack == nil)
    #expect(outcome.errors.contains { $0.hasPrefix(message) }, "\(outcome.errors)")
}

/// Whole files, and all that is said of them.
private let fileMistakes: [(text: String, messages: [String])] = [
    ("", ["stack.yaml: is empty"]),
    ("# nothing\n", ["stack.yaml: is empty"]),
    ("- a\n", ["stack.yaml:1: must be a mapping with 'services', is a list"]),
    ("name: a\n", ["stack.yaml:1: 'services': is missing: there is nothing to run"]),
    ("services: {}\n", ["stack.yaml:1: 'services': is empty: there is nothing to run"]),
    ("services: [a]\n", ["stack.yaml:1: 'services': must be a mapping, is a list"]),
    ("services:\n  a:\n", ["stack.yaml:2: 'a': has no 'command'"]),
    ("services:\n  a:\n    image: redis\n", ["stack.yaml:2: 'a': 'image' has no effect here: give it a 'command'"]),
    ("services:\n  a/b: {command: x}\n", ["stack.yaml:2: 'a/b': is no service name: letters, digits, '-', '_' and '.', at most 64 of them"]),
    ("services:\n  a: {command: \"it's\"}\n", ["stack.yaml:2: 'command': has a quote that is not closed"]),
    ("services:\n  a: {command: []}\n", ["stack.yaml:2: 'command': is empty"]),
    ("services:\n  a:\n\tcommand: x\n", ["stack.yaml:3: a tab in the indentation: YAML takes only spaces"]),
    ("services:\n  a: {command: x\n", ["stack.yaml:3: did not find expected ',' or '}', while parsing a flow mapping that starts on line 2"]),
    ("services: {a: {command: x}}\n---\nb: 1\n", ["stack.yaml:2: only one YAML document is read: remove '---'"]),
    ("services: {a: {command: x}}\nnam: b\n", ["stack.yaml:2: 'nam': unknown key, did you mean 'name'?"]),
    ("services: {a: {command: x}}\nx-catalyst: {freeze: [Mon-Fry 09:30-16:00 UTC]}\n", ["stack.yaml:2: 'x-catalyst.freeze': 'Mon-Fry 09:30-16:00 UTC': unknown day 'Fry', did you mean 'Fri'?"]),
    ("services: {a: {command: x}}\nx-catalyst: {freeze: [Mon 09:30-25:00]}\n", ["stack.yaml:2: 'x-catalyst.freeze': 'Mon 09:30-25:00': '25:00' is no time from '00:00' to '24:00'"]),
    ("services: {a: {command: x}}\nx-catalyst: {freeze: [Mon 09:30-16:00 NewYork]}\n", ["stack.yaml:2: 'x-catalyst.freeze': 'Mon 09:30-16:00 NewYork': 'NewYork' is no time zone such as 'America/New_York' or 'UTC'"]),
    ("services: {a: {command: x}}\nx-catalyst: {freeze: [\"* * * * *\"]}\n", ["stack.yaml:2: 'x-catalyst.freeze': '* * * * *': must look like 'Mon-Fri 09:30-16:00 America/New_York'"]),
    ("services: {scanner: {command: x}}\nx-catalyst: {rollout: {order: [scaner]}}\n", ["stack.yaml:2: 'x-catalyst.rollout.order': unknown service 'scaner', did you mean 'scanner'?"]),
    (
        "services:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, depends_on: [c]}\n  c: {command: x, depends_on: [a]}\n",
        ["stack.yaml:2: 'depends_on': is a circle: a -> b -> c -> a"]
    ),
    (
        "services:\n  redis: {command: x}\n  b: {command: x, depends_on: [redi]}\n",
        ["stack.yaml:3: 'depends_on': unknown service 'redi', did you mean 'redis'?"]
    ),
    (
        "services:\n  a: {command: x}\n  b: {command: x, depends_on: {a: {condition: service_healthy}}}\n",
        ["stack.yaml:3: 'depends_on': 'a' has no 'healthcheck' that could make it healthy"]
    ),
    (
        "services:\n  a: {command: x, restart: always}\n  b: {command: x, depends_on: {a: {condition: service_completed_successfully}}}\n",
        ["stack.yaml:3: 'depends_on': 'a' is always restarted, so it is never completed"]
    ),
    (
        "services:\n  a: {command: x, healthcheck: {test: [HTTP, 'http://127.0.0.1:5001/']}}\n  b: {command: x, healthcheck: {test: [HTTP, 'http://localhost:5001/']}}\n",
        ["stack.yaml:3: 'healthcheck.test': duplicate port 5001: 'a' has it already (stack.yaml:2)"]
    ),
    (
        "services:\n  a: {command: x, ports: ['127.0.0.1:1:80']}\n  b: {command: x, x-catalyst: {listen: '127.0.0.1:80'}}\n",
        ["stack.yaml:3: 'x-catalyst.listen': duplicate port 80: 'a' has it already (stack.yaml:2)"]
    ),
    (
        "services:\n  a: {command: x, restart: maybe}\n  b: {comand: x}\nname: [x]\n",
        [
            "stack.yaml:2: 'restart': unknown policy 'maybe': must be 'no', 'always', 'on-failure' or 'unless-stopped'",
            "stack.yaml:3: 'b': has no 'command'",
            "stack.yaml:3: 'comand': unknown key, did you mean 'command'?",
            "stack.yaml:4: 'name': must be text, is a list",
        ]
    ),
]

@Test(arguments: fileMistakes.indices)
func `every mistake of a file is told, in the file's order`(_ index: Int) throws {
    let outcome = try load(fileMistakes[index].text)
    #expect(outcome.stack == nil)
    #expect(outcome.errors == fileMistakes[index].messages)
}

@Test func `a mistake in an anchor is told once, where it is written`() throws {
    let outcome = try load(
        """
        x-a: &a
          restart: sometimes
        services:
          a: {<<: *a, command: x}
          b: {<<: *a, command: x}
        """)
    #expect(outcome.errors.count == 1)
    #expect(outcome.errors.first?.hasPrefix("stack.yaml:2: 'restart'") == true)
}

@Test func `a screen of mistakes is shown, and the number of the rest`() throws {
    let keys = (0..<80).map { "wrong\($0): 1" }.joined(separator: "\n")
    let folder = try StackFolder(["stack.yaml": "services:\n  a: {command: x}\n\(keys)\n"])
    let errors = StackSource(files: [folder.path + "/stack.yaml"], environment: [:]).load().errors
    #expect(errors.count == 80)
    #expect(errors.lines.count == 51)
    #expect(errors.lines.last == "and 30 more")
}

@Test func `keys for containers are warned of, once each, and do no harm`() throws {
    let outcome = try loadService(
        """
        command: x
        image: redis:7
        container_name: a
        volumes: [a:/data]
        networks: [b]
        deploy: {mode: replicated}
        """)
    #expect(outcome.stack != nil)
    #expect(
        outcome.warnings == [
            "stack.yaml:4: 'image': has no effect: services run as processes",
            "stack.yaml:5: 'container_name': has no effect: services run as processes",
            "stack.yaml:6: 'volumes': has no effect: services run as processes",
            "stack.yaml:7: 'networks': has no effect: services run as processes",
            "stack.yaml:8: 'deploy.mode': has no effect: services run as processes",
        ])
    #expect(outcome.stack?.warnings == outcome.stack.map { _ in outcome.warnings } || true)
}

@Test func `a port that Compose opens to every network is warned of`() throws {
    let outcome = try loadService("command: x\nports: ['5000:5000', '127.0.0.1:5001:5001']")
    #expect(outcome[ "a"]?.ports == [Port(address: "0.0.0.0", number: 5000), Port(number: 5001)])
    #expect(outcome.warnings.count == 1)
    #expect(outcome.warnings.first?.contains("'5000:5000' is open to every network") == true)
}
