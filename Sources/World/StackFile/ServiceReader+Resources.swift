internal import StackModel

/// `deploy.resources`, and Compose's older spellings of the same.
extension ServiceReader {
    mutating func readResources(_ field: Field) {
        guard var section = field.section() else { return }
        let limits = section.take("limits"), reservations = section.take("reservations")
        section.finish()
        if let limits { draft.spec.resources.limits = amounts(limits) }
        guard let reservations else { return }
        draft.spec.resources.reservations = amounts(reservations)
        checkReservations(reservations)
    }

    private func amounts(_ field: Field) -> Resources.Amounts {
        var amounts = Resources.Amounts()
        guard var section = field.section() else { return amounts }
        amounts.cpus = section.take("cpus")?.number(0.001...10_000)
        amounts.memory = section.take("memory")?.size()
        amounts.pids = section.take("pids").flatMap(pids)
        section.finish(idle: ["devices", "generic_resources"])
        return amounts
    }

    /// -1 and 0 are Docker's words for "no limit".
    private func pids(_ field: Field) -> Int? {
        field.whole(-1...Int(Int32.max)).flatMap { $0 > 0 ? $0 : nil }
    }

    private func checkReservations(_ field: Field) {
        let limits = draft.spec.resources.limits
        let reserved = draft.spec.resources.reservations
        if let limit = limits.memory, let part = reserved.memory, part > limit {
            field.fail("reserves more memory than the limit allows")
        }
        if let limit = limits.cpus, let part = reserved.cpus, part > limit {
            field.fail("reserves more cpus than the limit allows")
        }
    }

    mutating func readOlderLimits() {
        if let field = keys.take("mem_limit"), let value = field.size() {
            set(\.limits.memory, to: value, field)
        }
        if let field = keys.take("mem_reservation"), let value = field.size() {
            set(\.reservations.memory, to: value, field)
        }
        if let field = keys.take("cpus"), let value = field.number(0.001...10_000) {
            set(\.limits.cpus, to: value, field)
        }
        if let field = keys.take("pids_limit"), let value = pids(field) {
            set(\.limits.pids, to: value, field)
        }
        if let field = keys.take("blkio_config") { readInputOutput(field) }
    }

    private mutating func readInputOutput(_ field: Field) {
        guard var section = field.section() else { return }
        draft.spec.resources.ioWeight = section.take("weight")?.whole(10...1000)
        section.finish(idle: [
            "device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops",
            "weight_device",
        ])
    }

    private mutating func set<Value: Equatable>(
        _ path: WritableKeyPath<Resources, Value?>, to value: Value, _ field: Field
    ) {
        if let known = draft.spec.resources[keyPath: path], known != value {
            return field.fail("differs from what 'deploy.resources' says")
        }
        draft.spec.resources[keyPath: path] = value
    }
}
