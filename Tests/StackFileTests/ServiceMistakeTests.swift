import StackModel
import Testing

@testable import StackFile

/// Keys of a service, and below them what is said: line, key, message. `command` stands in line 3.
private let serviceMistakes = """
    comand: x
      3: 'comand': unknown key, did you mean 'command'?
    restart: allways
      4: 'restart': unknown policy 'allways', did you mean 'always'?
    restart: on-failure:x
      4: 'restart': 'on-failure:x': write 'on-failure:3' for at most 3 restarts
    restart: [always]
      4: 'restart': must be text, is a list
    user: a b
      4: 'user': 'a b' is no user: write 'name', 'name:group', 'uid' or 'uid:gid'
    healthcheck: {test: [CMD, x], interval: 30}
      4: 'healthcheck.interval': has no unit, write '30s' for seconds (us, ms, s, m, h, d)
    healthcheck: {test: [CMD, x], interval: 5 minutes}
      4: 'healthcheck.interval': '5 minutes' is no duration such as '30s', '1m30s' or '100ms'
    healthcheck: {test: [CMD, x], interval: 0s}
      4: 'healthcheck.interval': must be at least 1ms, is '0s'
    healthcheck: {test: [CMD, x], timeout: -1s}
      4: 'healthcheck.timeout': '-1s' is no duration such as '30s', '1m30s' or '100ms'
    healthcheck: {test: [CMD, x], retries: 0}
      4: 'healthcheck.retries': must be a whole number from 1 to 1000, is '0'
    healthcheck: {test: [CMD, x], retrys: 1}
      4: 'healthcheck.retrys': unknown key, did you mean 'retries'?
    healthcheck: {interval: 1s}
      4: 'healthcheck': has no 'test'
    healthcheck: {test: []}
      4: 'healthcheck.test': is empty
    healthcheck: {test: [HTPP, x]}
      4: 'healthcheck.test': unknown kind of test 'HTPP', did you mean 'HTTP'?
    healthcheck: {test: [HTTP, localhost/health]}
      4: 'healthcheck.test': must be ["HTTP", "http://127.0.0.1:5001/health"]
    healthcheck: {test: [TCP, localhost]}
      4: 'healthcheck.test': must be ["TCP", "127.0.0.1:5001"]
    healthcheck: yes
      4: 'healthcheck': must be a mapping, is a plain value
    stop_signal: SIGTREM
      4: 'stop_signal': unknown signal 'SIGTREM', did you mean 'SIGTERM'?
    stop_grace_period: soon
      4: 'stop_grace_period': 'soon' is no duration such as '30s', '1m30s' or '100ms'
    read_only: perhaps
      4: 'read_only': must be true or false, is 'perhaps'
    oom_score_adj: 1001
      4: 'oom_score_adj': must be a whole number from -1000 to 1000, is '1001'
    cap_add: [NET_BIND_SERVICES]
      4: 'cap_add': unknown capability 'NET_BIND_SERVICES', did you mean 'NET_BIND_SERVICE'?
    ulimits: {nofiles: 3}
      4: 'ulimits.nofiles': unknown key, did you mean 'nofile'?
    ulimits: {nofile: {soft: 9, hard: 3}}
      4: 'ulimits.nofile.soft': is above the hard limit
    ulimits: {nofile: {soft: 9}}
      4: 'ulimits.nofile': needs both 'soft' and 'hard'
    security_opt: [no-new-privilege]
      4: 'security_opt': unknown option 'no-new-privilege', did you mean 'no-new-privileges'?
    tmpfs: run
      4: 'tmpfs': 'run' is no absolute path
    logging: {driver: jsonfile}
      4: 'logging.driver': unknown driver 'jsonfile', did you mean 'json-file'?
    logging: {driver: syslog}
      4: 'logging.driver': unknown driver 'syslog': must be 'json-file', 'local', 'journald' o…
    logging: {options: {max-size: lots}}
      4: 'logging.options.max-size': 'lots' is no size such as '512m' or '1.5g'
    logging: {options: {max-size: 1k}}
      4: 'logging.options.max-size': must be at least 4K, is '1k'
    logging: {options: {max_size: 1m}}
      4: 'logging.options.max_size': unknown key, did you mean 'max-size'?
    deploy: {resources: {limits: {memory: 1x}}}
      4: 'deploy.resources.limits.memory': '1x' is no size such as '512m' or '1.5g'
    deploy: {resources: {limits: {cpus: many}}}
      4: 'deploy.resources.limits.cpus': must be a number from 0.001 to 10000.0, is 'many'
    deploy: {resources: {limits: {memory: 1m}, reservations: {memory: 2m}}}
      4: 'deploy.resources.reservations': reserves more memory than the limit allows
    blkio_config: {weight: 5}
      4: 'blkio_config.weight': must be a whole number from 10 to 1000, is '5'
    deploy: {restart_policy: {condition: always}}
      4: 'deploy.restart_policy.condition': unknown condition 'always': must be 'none', 'on-fa…
    deploy: {update_config: {order: start_first}}
      4: 'deploy.update_config.order': unknown order 'start_first', did you mean 'start-first'?
    deploy: {rollback_config: {failure_action: rollback}}
      4: 'deploy.rollback_config.failure_action': unknown action 'rollback': must be 'pause' o…
    deploy: {replicas: 2}
      4: 'deploy.replicas': must be 1: a service is one instance
    mem_limit: 1m
    deploy: {resources: {limits: {memory: 2m}}}
      4: 'mem_limit': differs from what 'deploy.resources' says
    extends: b
      4: 'extends': cannot be honoured: use a YAML anchor and '<<', or a second file
    environment: [=x]
      4: 'environment': '=x' has no fit name
    environment: {A: [x]}
      4: 'environment': must be text, is a list
    env_file: gone.env
      4: 'env_file': 'gone.env': cannot read it: no such file or directory
    profiles: [a b]
      4: 'profiles': 'a b' is no profile's name
    ports: [70000]
      4: 'ports': '70000' is no port such as '127.0.0.1:5001:5001'
    ports: [a:b:c:d]
      4: 'ports': 'a:b:c:d' is no port such as '127.0.0.1:5001:5001'
    ports: [{published: 3}]
      4: 'ports': has no 'target'
    depends_on: [a]
      4: 'depends_on': is a circle: a -> a
    depends_on: {b: {condition: healthy}}
      4: 'depends_on.b.condition': unknown condition 'healthy': must be 'service_started', 'se…
    depends_on: [bb]
      4: 'depends_on': unknown service 'bb'
    pre_start: [{comand: x}]
      4: 'pre_start': has no 'command'
    x-catalyst: {on_unhealthy: reboot}
      4: 'x-catalyst.on_unhealthy': unknown reaction 'reboot': must be 'restart' or 'alert'
    x-catalyst: {listen: localhost}
      4: 'x-catalyst.listen': 'localhost' is no numeric address and port such as '127.0.0.1:50…
    x-catalyst: {listen: "127.0.0.1:0"}
      4: 'x-catalyst.listen': '127.0.0.1:0' is no numeric address and port such as '127.0.0.1:…
    x-catalyst: {listen: run/app.sock}
      4: 'x-catalyst.listen': 'run/app.sock' is no numeric address and port such as '127.0.0.1:5001', and no socket such as '/run/app.sock'
    x-catalyst: {listen: /run/}
      4: 'x-catalyst.listen': '/run/' is no socket such as '/run/app.sock'
    x-catalyst: {listen: "@"}
      4: 'x-catalyst.listen': '@' is no socket such as '/run/app.sock'
    x-catalyst: {listen: /run/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/app.sock}
      4: 'x-catalyst.listen': '/run/0123456789/0123456789/0123456789/0123456789/0123456789/…' is longer than a socket's path can be: at most 103 bytes
    x-catalyst: {listen: {backlog: 5}}
      4: 'x-catalyst.listen': has no 'address'
    x-catalyst: {listen: {address: "127.0.0.1:80", backlog: 0}}
      4: 'x-catalyst.listen.backlog': must be a whole number from 1 to 65535, is '0'
    x-catalyst: {listen: {adress: "127.0.0.1:80"}}
      4: 'x-catalyst.listen.adress': unknown key, did you mean 'address'?
    x-catalyst: {listen: ["127.0.0.1:80"]}
      4: 'x-catalyst.listen': must be text, is a list
    x-catalyst: {lisen: "127.0.0.1:80"}
      4: 'x-catalyst.lisen': unknown key, did you mean 'listen'?
    x-catalyst: {drain: 1}
      4: 'x-catalyst.drain': has no unit, write '1s' for seconds (us, ms, s, m, h, d)
    x-catalyst: {source: [/opt/services/a]}
      4: 'x-catalyst.source': '/opt/services/a' must be a path inside the release, such as 'services/news'
    x-catalyst: {source: services/../../a}
      4: 'x-catalyst.source': 'services/../../a' must be a path inside the release, such as 's…
    x-catalyst: {source: [""]}
      4: 'x-catalyst.source': '' must be a path inside the release, such as 'services/news'
    x-catalyst: {source: {a: b}}
      4: 'x-catalyst.source': must be a list, is a mapping
    x-catalyst: {hold: ""}
      4: 'x-catalyst.hold': is empty
    x-catalyst: {hold: "it's"}
      4: 'x-catalyst.hold': has a quote that is not closed
    x-catalyst: {hold: {every: 5s}}
      4: 'x-catalyst.hold': has no 'command'
    x-catalyst: {hold: {command: []}}
      4: 'x-catalyst.hold.command': is empty
    x-catalyst: {hold: {command: x, every: 0s}}
      4: 'x-catalyst.hold.every': must be at least 100ms, is '0s'
    x-catalyst: {hold: {command: x, limits: 1m}}
      4: 'x-catalyst.hold.limits': unknown key, did you mean 'limit'?
    x-catalyst: {backoff: {initial: 5s, max: 1s}}
      4: 'x-catalyst.backoff': has a 'max' below its 'initial'
    x-catalyst: {backoff: {jitter: 2}}
      4: 'x-catalyst.backoff.jitter': must be a number from 0.0 to 1.0, is '2'
    x-catalyst: {heathy_after: 2}
      4: 'x-catalyst.heathy_after': unknown key, did you mean 'healthy_after'?
    user: ${NOBODY}
      4: 'user': missing variable 'NOBODY': set it in .env, or write '${NOBODY:-}' for none
    user: ${NOBODY:?who runs it}
      4: 'user': missing variable 'NOBODY': who runs it
    labels: {price: 5$}
      4: 'price': a '$' that starts no variable: write '$$' for a dollar sign
    user: a
    user: b
      5: 'user': is given twice, first on line 4
    user: *nobody
      4: no anchor '&nobody' before this alias
    user: !rest x
      4: 'user': unknown tag '!rest'
    """

/// The mistakes above, one by one: the keys, and how their message begins.
private var serviceMistakeList: [(keys: String, message: String)] {
    var list: [(keys: String, message: String)] = []
    var keys: [Substring] = []
    for line in serviceMistakes.split(separator: "\n") {
        guard line.hasPrefix("  ") else {
            keys.append(line)
            continue
        }
        let message = line.drop { $0 == " " }
        let start = message.hasSuffix("…") ? message.dropLast() : message
        list.append((keys.joined(separator: "\n"), "stack.yaml:\(start)"))
        keys = []
    }
    return list
}

@Test(arguments: serviceMistakeList.indices)
func `a mistake in a service is told with its line, its key and the way out`(_ index: Int) throws {
    let (keys, message) = serviceMistakeList[index]
    let command = keys.contains("comand") && !keys.contains("pre_start") ? "" : "command: run\n"
    let outcome = try loadService(command + keys)
    #expect(outcome.stack == nil)
    #expect(outcome.errors.contains { $0.hasPrefix(message) }, "\(outcome.errors)")
}
