internal import StackModel

// `x-catalyst` of the stack as YAML: what differs from the defaults.

extension StackSpec {
    var extras: YAML {
        .mapping([
            ("rollout", rollout.yaml),
            ("releases", releases.yaml),
            ("freeze", .list(freeze.map(YAML.text))),
            ("alerts", alerts.yaml),
            ("watch", watch.yaml),
            ("brake", brake.yaml),
            ("database", database.map(YAML.text) ?? .plain("off")),
            (
                "metrics",
                metrics == .standardMetrics
                    ? .nothing : metrics.map { .text($0.addressAndNumber) } ?? .plain("off")
            ),
            ("host", host.yaml),
        ])
    }
}

extension RolloutPolicy {
    fileprivate var yaml: YAML {
        let usual = RolloutPolicy()
        return .mapping([
            ("order", .words(order.map(\.text))),
            ("soak", time(soak, unless: usual.soak)),
            ("failure_action", plain(failureAction.rawValue, unless: usual.failureAction.rawValue)),
        ])
    }
}

extension ReleasePolicy {
    fileprivate var yaml: YAML {
        let usual = ReleasePolicy()
        return .mapping([
            ("directory", .optional(directory, YAML.text)),
            ("repository", .optional(repository, YAML.text)),
            ("build", .optional(build, YAML.words)),
            ("build_timeout", time(buildTimeout, unless: usual.buildTimeout)),
            ("keep", number(keep, unless: usual.keep)),
            ("stack", stack == usual.stack ? .nothing : .text(stack)),
            ("space", spaceMin == usual.spaceMin ? .nothing : size(spaceMin)),
        ])
    }
}

extension AlertSettings {
    fileprivate var yaml: YAML {
        let usual = AlertSettings()
        let rules = rules.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            ($0.rawValue, $1.yaml(of: $0))
        }
        return .mapping([
            ("on_alert", .optional(onAlert, YAML.words)),
            ("on_alert_timeout", time(onAlertTimeout, unless: usual.onAlertTimeout)),
            (
                "remind_after",
                remindAfter == .zero
                    ? .plain("off") : time(remindAfter, unless: usual.remindAfter)
            ),
            (
                "flood",
                .row([
                    ("max", number(floodMax, unless: usual.floodMax)),
                    ("window", time(floodWindow, unless: usual.floodWindow)),
                ])
            ),
            ("rules", .mapping(rules)),
        ])
    }
}

extension AlertPolicy {
    fileprivate func yaml(of rule: AlertRule) -> YAML {
        guard isEnabled else { return .plain("off") }
        let usual = AlertPolicy.standard(for: rule)
        // Together: what one is by default depends on the other.
        let isUsualLevel = threshold == usual.threshold && clear == usual.clear
        let level = isUsualLevel ? nil : rule.level
        return .row([
            ("severity", plain(severity.rawValue, unless: usual.severity.rawValue)),
            (level?.side.rawValue ?? "threshold", text(threshold, level?.unit)),
            ("clear", text(clear, level?.unit)),
            ("for", time(after, unless: usual.after)),
            ("hold", time(hold, unless: usual.hold)),
        ])
    }

    private func text(_ value: Double?, _ unit: AlertLevel.Unit?) -> YAML {
        guard let value, let unit else { return .nothing }
        return switch unit {
        case .share, .days, .count, .rate: decimal(value)
        case .seconds: time(.nanoseconds(Int64(value * 1e9)))
        case .bytes: size(ByteCount(bytes: Int64(value)))
        }
    }
}

extension Watch {
    fileprivate var yaml: YAML {
        .mapping([
            ("certificates", .words(certificates)),
            (
                "front_door",
                .optional(frontDoor) { url in
                    frontDoorIsGuarded
                        ? .text(url) : .row([("url", .text(url)), ("guarded", .plain("false"))])
                }
            ),
            ("backups", .optional(backups, YAML.text)),
            ("snapshots", .optional(snapshots, YAML.text)),
            ("disks", .words(disks)),
        ])
    }
}

extension BrakePolicy {
    fileprivate var yaml: YAML {
        let usual = BrakePolicy()
        return .row([
            ("restarts", number(restarts, unless: usual.restarts)),
            ("window", time(window, unless: usual.window)),
        ])
    }
}

extension HostPlan {
    fileprivate var yaml: YAML {
        let usual = HostPlan()
        return .mapping([
            ("cpus", .optional(cpus, decimal)),
            ("memory", .optional(memory, size)),
            ("disk", .optional(disk, size)),
            (
                "database",
                .row([
                    (
                        "size",
                        databaseSize == usual.databaseSize ? .nothing : size(databaseSize)
                    ),
                    (
                        "connections",
                        number(databaseConnections, unless: usual.databaseConnections)
                    ),
                ])
            ),
            ("costs", .row(costs.sorted { $0.key < $1.key }.map { ($0, decimal($1)) })),
        ])
    }
}
