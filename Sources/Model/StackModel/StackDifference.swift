/// What a reload changes, service by service.
package struct StackDifference: Equatable, Sendable, Codable {
    package struct Change: Equatable, Sendable, Codable {
        package var service: ServiceName
        /// Names of what differs, as in the file: `command`, `environment.REDIS_URL`. No values.
        package var keys: [String]

        package init(service: ServiceName, keys: [String]) {
            self.service = service
            self.keys = keys
        }
    }

    package var added: [ServiceName]
    package var removed: [ServiceName]
    /// Their instance has to be replaced.
    package var restarted: [Change]
    /// Their instance stays; only how it is looked after changes.
    package var adjusted: [Change]
    /// Of the stack itself: `name`, the services' `order`, `rollout`, `releases`, `freeze`, `alerts`,
    /// `host`, `watch`, `brake`, `database`, `metrics`.
    package var keys: [String]

    package init(from old: StackSpec, to new: StackSpec) {
        let before = Dictionary(old.services.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let after = Set(new.services.map(\.name))
        added = new.services.map(\.name).filter { before[$0] == nil }
        removed = old.services.map(\.name).filter { !after.contains($0) }
        (restarted, adjusted) = ([], [])
        for service in new.services {
            guard let previous = before[service.name], previous != service else { continue }
            let change = Change(service: service.name, keys: service.keys(differingFrom: previous))
            if service.needsNewInstance(insteadOf: previous) {
                restarted.append(change)
            } else {
                adjusted.append(change)
            }
        }
        keys = new.keys(differingFrom: old)
    }

    package var isEmpty: Bool {
        added.isEmpty && removed.isEmpty && restarted.isEmpty && adjusted.isEmpty && keys.isEmpty
    }
}

extension StackSpec {
    package func keys(differingFrom old: StackSpec) -> [String] {
        let kept = Set(services.map(\.name)).intersection(old.services.map(\.name))
        let order = services.map(\.name).filter(kept.contains)
        let oldOrder = old.services.map(\.name).filter(kept.contains)
        return [
            ("name", name != old.name), ("order", order != oldOrder),
            ("rollout", rollout != old.rollout), ("releases", releases != old.releases),
            ("freeze", freeze != old.freeze),
            ("alerts", alerts != old.alerts), ("host", host != old.host),
            ("watch", watch != old.watch), ("brake", brake != old.brake),
            ("database", database != old.database), ("metrics", metrics != old.metrics),
        ].filter(\.1).map(\.0)
    }
}

extension ServiceSpec {
    package func keys(differingFrom old: ServiceSpec) -> [String] {
        let names = Set(environment.keys).union(old.environment.keys).sorted()
        let variables = names.filter { environment[$0] != old.environment[$0] }
            .map { ("environment.\($0)", true) }
        let process = [
            ("command", command != old.command),
            ("working_dir", workingDirectory != old.workingDirectory), ("user", user != old.user),
        ]
        let rest = [
            ("depends_on", dependencies != old.dependencies),
            ("healthcheck", healthCheck != old.healthCheck), ("restart", restart != old.restart),
            ("stop_signal", stopSignal != old.stopSignal),
            ("stop_grace_period", stopGracePeriod != old.stopGracePeriod),
            ("logging", logging != old.logging), ("ports", ports != old.ports),
            ("confinement", confinement != old.confinement),
            (
                "deploy.resources",
                resources.limits != old.resources.limits
                    || resources.reservations != old.resources.reservations
            ),
            ("blkio_config", resources.ioWeight != old.resources.ioWeight),
            ("deploy.update_config", update != old.update),
            ("deploy.rollback_config", rollback != old.rollback), ("hooks", hooks != old.hooks),
            ("labels", labels != old.labels),
            ("x-catalyst.listen", listen != old.listen || backlog != old.backlog),
            ("x-catalyst.contract", contract != old.contract),
            ("x-catalyst.on_unhealthy", onUnhealthy != old.onUnhealthy),
            ("x-catalyst.hold", hold != old.hold), ("x-catalyst.drain", drain != old.drain),
            ("x-catalyst.source", source != old.source), ("release", release != old.release),
        ]
        return (process + variables + rest).filter(\.1).map(\.0)
    }
}
