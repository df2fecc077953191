internal import StackModel

extension ServiceReader {
    mutating func readLogging() {
        guard var section = keys.take("logging")?.section() else { return }
        var policy = LogPolicy()
        let driver: LogPolicy.Driver? = section.take("driver")?
            .choice(
                "driver",
                of: [
                    "json-file": .jsonFile, "local": .local, "journald": .journald, "none": .none,
                ])
        policy.driver = driver ?? policy.driver
        if policy.driver == .local {
            // Docker's defaults of this driver.
            (policy.sizeMax, policy.filesMax, policy.compress) = (.mebibytes(20), 5, true)
        }
        if var options = section.take("options")?.section() {
            policy.sizeMax = options.take("max-size")?.size(atLeast: 4096) ?? policy.sizeMax
            policy.filesMax = options.take("max-file")?.whole(1...1000) ?? policy.filesMax
            policy.compress = options.take("compress")?.flag() ?? policy.compress
            options.finish(idle: [
                "env", "env-regex", "labels", "labels-regex", "max-buffer-size", "mode", "tag",
            ])
        }
        section.finish()
        draft.spec.logging = policy
    }

    mutating func readConfinement() {
        var confinement = draft.spec.confinement
        let isIsolated = confinement.isolation != nil
        confinement.readOnly = keys.take("read_only")?.flag() ?? isIsolated
        confinement.noNewPrivileges = isIsolated
        confinement.oomScoreAdjustment = keys.take("oom_score_adj")?.whole(-1000...1000)
        confinement.capabilitiesAdded = capabilities("cap_add")
        confinement.capabilitiesDropped = capabilities("cap_drop")
        if isIsolated { confinement.capabilitiesDropped = ["ALL"] }
        confinement.tmpfs = (keys.take("tmpfs")?.itemsOrOne() ?? []).compactMap(tmpfs)
        for item in keys.take("security_opt")?.items() ?? [] {
            guard let isOn = noNewPrivileges(item) else { continue }
            if isIsolated, !isOn {
                item.fail("an isolated service gets none: take this out, or 'isolation: off'")
            }
            confinement.noNewPrivileges = isOn
        }
        confinement.ulimits = ulimits()
        draft.spec.confinement = confinement
    }

    private mutating func capabilities(_ key: String) -> [String] {
        (keys.take(key)?.items() ?? []).compactMap { item in
            guard let scalar = item.scalar() else { return nil }
            let upper = scalar.text.uppercased()
            let name = upper.hasPrefix("CAP_") ? String(upper.dropFirst(4)) : upper
            let known = ["ALL"] + capabilityNames
            if known.contains(name) { return name }
            let all = known + known.map { "CAP_" + $0 }
            let near = suggestion(for: scalar.written, among: all)
            item.fail("unknown capability \(scalar.quoted)\(near)")
            return nil
        }
    }

    private func tmpfs(_ item: Field) -> String? {
        guard let scalar = item.scalar() else { return nil }
        let path = scalar.text.prefix { $0 != ":" }
        guard path.hasPrefix("/"), path != "/" else {
            item.fail("\(scalar.quoted) is no absolute path")
            return nil
        }
        if path.count < scalar.text.count { item.warn("options of tmpfs have no effect") }
        return String(path)
    }

    private func noNewPrivileges(_ item: Field) -> Bool? {
        guard let scalar = item.scalar() else { return nil }
        let parts = scalar.text.split(maxSplits: 1) { $0 == ":" || $0 == "=" }
        switch (parts.first, parts.dropFirst().first) {
        case ("no-new-privileges", nil), ("no-new-privileges", "true"): return true
        case ("no-new-privileges", "false"): return false
        case ("apparmor", _), ("label", _), ("seccomp", _), ("systempaths", _):
            item.warn("\(scalar.quoted) \(Section.noEffect)")
        default:
            let near = suggestion(for: scalar.written, among: ["no-new-privileges"])
            item.fail("unknown option \(scalar.quoted)\(near)")
        }
        return nil
    }

    private mutating func ulimits() -> [String: Confinement.Ulimit] {
        guard let field = keys.take("ulimits"), var section = field.section() else { return [:] }
        var ulimits: [String: Confinement.Ulimit] = [:]
        for name in ulimitNames {
            guard let field = section.take(name) else { continue }
            ulimits[name] = ulimit(field)
        }
        section.finish()
        return ulimits
    }

    /// A number for both, or `{soft, hard}`; -1 is unlimited.
    private func ulimit(_ field: Field) -> Confinement.Ulimit? {
        guard field.node.scalar == nil else {
            return field.ulimit().map { Confinement.Ulimit(soft: $0, hard: $0) }
        }
        guard var section = field.section() else { return nil }
        let (soft, hard) = (section.take("soft"), section.take("hard"))
        section.finish()
        guard let soft, let hard else {
            section.fail("needs both 'soft' and 'hard'")
            return nil
        }
        guard let low = soft.ulimit(), let high = hard.ulimit() else { return nil }
        if high != -1, low == -1 || low > high { soft.fail("is above the hard limit") }
        return Confinement.Ulimit(soft: low, hard: high)
    }
}

extension Field {
    fileprivate func ulimit() -> Int64? {
        if node.scalar?.text == "unlimited" { return -1 }
        return whole(-1...Int.max).map(Int64.init)
    }
}

private let ulimitNames = [
    "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile",
    "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
]
