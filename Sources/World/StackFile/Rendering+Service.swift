internal import StackModel

// A service as YAML: what differs from the defaults, and what people look for.

extension ServiceSpec {
    var yaml: YAML {
        .mapping(
            [
                ("command", .words(command)),
                ("working_dir", .text(workingDirectory)),
                ("user", .optional(user, YAML.text)),
                ("environment", variables(environment)),
                ("depends_on", .mapping(dependencies.map { ($0.service.text, $0.yaml) })),
                ("healthcheck", healthCheck.yaml),
                ("deploy", deploy),
                ("stop_signal", plain(stopSignal.text, unless: SignalName.terminate.text)),
                ("stop_grace_period", time(stopGracePeriod, unless: .seconds(10))),
                ("logging", logging.yaml),
                ("ports", .words(ports.map(\.text))),
                ("labels", variables(labels)),
                ("pre_start", .list(hooks.preStart.map(\.yaml))),
                ("post_start", .list(hooks.postStart.map(\.yaml))),
                ("pre_stop", .list(hooks.preStop.map(\.yaml))),
            ] + confinement.entries + [
                (
                    "blkio_config",
                    .row([("weight", .optional(resources.ioWeight) { .plain("\($0)") })])
                ),
                ("x-catalyst", extras),
            ])
    }

    private var deploy: YAML {
        .mapping([
            (
                "resources",
                .mapping([
                    ("limits", resources.limits.yaml),
                    ("reservations", resources.reservations.yaml),
                ])
            ),
            ("restart_policy", restart.yaml), ("update_config", update.yaml),
            ("rollback_config", rollback.yaml),
        ])
    }

    private var extras: YAML {
        let usual = ServiceSpec(name: name, command: command)
        return .mapping([
            ("listen", listening),
            (
                "contract",
                .row([
                    ("service", .optional(contract.service, YAML.text)),
                    ("schema", .optional(contract.schema, YAML.text)),
                    ("version", .optional(contract.version, YAML.text)),
                    ("freshness", time(contract.freshness, unless: .zero)),
                ])
            ),
            ("on_unhealthy", plain(onUnhealthy.rawValue, unless: OnUnhealthy.restart.rawValue)),
            ("hold", .optional(hold, \.yaml)),
            ("isolation", .optional(confinement.isolation, \.yaml)),
            ("drain", time(drain, unless: usual.drain)),
            ("source", .words(source)),
            ("backoff", restart.backoff.yaml),
            ("retry_failed_every", time(restart.slowRetry, unless: RestartPolicy().slowRetry)),
            ("healthy_after", number(healthCheck.successes, unless: 1)),
        ])
    }
}

extension ServiceSpec {
    private var listening: YAML {
        guard let listen else { return .nothing }
        guard backlog != ServiceSpec(name: name, command: command).backlog
        else { return .text(listen) }
        return .row([("address", .text(listen)), ("backlog", .plain("\(backlog)"))])
    }
}

extension Hold {
    fileprivate var yaml: YAML {
        let usual = Hold(command: command)
        guard self != usual else { return .words(command) }
        return .row([
            ("command", .words(command)), ("every", time(every, unless: usual.every)),
            ("limit", time(limit, unless: usual.limit)),
        ])
    }
}

extension Dependency {
    fileprivate var yaml: YAML {
        .row([
            ("condition", .plain(condition.rawValue)),
            ("restart", restart ? .plain("true") : .nothing),
            ("required", isRequired ? .nothing : .plain("false")),
        ])
    }
}

extension HealthCheck {
    fileprivate var yaml: YAML {
        guard self != .none else { return .nothing }
        return .mapping([
            ("test", .words(probe.test)), ("interval", time(interval)), ("timeout", time(timeout)),
            ("retries", number(retries, unless: nil)), ("start_period", time(startPeriod)),
            ("start_interval", time(startInterval)),
        ])
    }
}

extension RestartPolicy {
    fileprivate var yaml: YAML {
        .row([
            ("condition", .plain(condition.rawValue)),
            ("max_attempts", .optional(attemptsMax) { .plain("\($0)") }),
            ("window", time(window, unless: .zero)),
        ])
    }
}

extension Backoff {
    fileprivate var yaml: YAML {
        let usual = Backoff()
        return .row([
            ("initial", time(initial, unless: usual.initial)),
            ("max", time(max, unless: usual.max)),
            ("jitter", jitter == usual.jitter ? .nothing : decimal(jitter)),
            ("reset_after", time(resetAfter, unless: usual.resetAfter)),
        ])
    }
}

extension Resources.Amounts {
    fileprivate var yaml: YAML {
        .row([
            ("cpus", .optional(cpus, decimal)), ("memory", .optional(memory, size)),
            ("pids", .optional(pids) { .plain("\($0)") }),
        ])
    }
}

extension UpdatePolicy {
    fileprivate var yaml: YAML {
        let usual = UpdatePolicy()
        return .row([
            ("order", .optional(order) { .plain($0.rawValue) }),
            ("delay", time(delay, unless: usual.delay)),
            ("monitor", .optional(monitor) { time($0.wrappedValue) }),
            ("failure_action", .optional(failureAction) { .plain($0.rawValue) }),
            ("parallelism", number(parallelism, unless: usual.parallelism)),
            ("max_failure_ratio", failureRatioMax == 0 ? .nothing : decimal(failureRatioMax)),
        ])
    }
}

extension LogPolicy {
    fileprivate var yaml: YAML {
        .mapping([
            ("driver", .plain(driver.rawValue)),
            (
                "options",
                .row([
                    ("max-size", size(sizeMax)), ("max-file", .plain("\(filesMax)")),
                    ("compress", .plain("\(compress)")),
                ])
            ),
        ])
    }
}

extension Confinement {
    fileprivate var entries: [(String, YAML)] {
        let limits = ulimits.sorted { $0.key < $1.key }.map { name, limit in
            (
                name,
                YAML.row([("soft", .plain("\(limit.soft)")), ("hard", .plain("\(limit.hard)"))])
            )
        }
        return [
            ("ulimits", .mapping(limits)),
            ("cap_add", .words(capabilitiesAdded)), ("cap_drop", .words(capabilitiesDropped)),
            ("security_opt", .words(noNewPrivileges ? ["no-new-privileges"] : [])),
            ("read_only", readOnly ? .plain("true") : .nothing),
            ("tmpfs", .words(tmpfs)),
            ("oom_score_adj", .optional(oomScoreAdjustment) { .plain("\($0)") }),
        ]
    }
}

extension Isolation {
    fileprivate var yaml: YAML {
        guard self != Isolation() else { return .plain("on") }
        return .mapping([
            ("writable", .words(writable)), ("visible", .words(visible)),
            ("hidden", .words(hidden)),
            ("private_tmp", privateTmp ? .nothing : .plain("false")),
            ("private_proc", privateProc ? .nothing : .plain("false")),
            ("allow_calls", .words(callsAllowed)),
        ])
    }
}

extension Hooks.Hook {
    fileprivate var yaml: YAML {
        .mapping([
            ("command", .words(command)), ("user", .optional(user, YAML.text)),
            ("working_dir", .optional(workingDirectory, YAML.text)),
            ("environment", variables(environment)),
        ])
    }
}

extension Port {
    /// `127.0.0.1:5001`
    var addressAndNumber: String { "\(address.contains(":") ? "[\(address)]" : address):\(number)" }
    fileprivate var text: String { "\(addressAndNumber):\(number)" }
}

extension SignalName {
    fileprivate var text: String {
        number <= Self.names.count ? description : String(number)
    }
}

func variables(_ values: [String: String]) -> YAML {
    .mapping(values.sorted { $0.key < $1.key }.map { ($0, .text($1)) })
}

func time(_ duration: Duration, unless usual: Duration? = nil) -> YAML {
    duration == usual ? .nothing : .plain(duration.composeText)
}

func size(_ size: ByteCount) -> YAML { .plain(size.exact) }

func decimal(_ value: Double) -> YAML {
    .plain(Int(exactly: value).map { "\($0)" } ?? "\(value)")
}

func number(_ value: Int, unless usual: Int?) -> YAML {
    value == usual ? .nothing : .plain("\(value)")
}

func plain(_ word: String, unless usual: String) -> YAML {
    word == usual ? .nothing : .plain(word)
}
