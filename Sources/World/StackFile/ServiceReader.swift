internal import StackModel

/// What every service of a load is read with.
struct Project {
    let directory: Directory
    /// The process's environment over `.env`.
    let variables: [String: String]
    let findings: Findings
    /// What services have that say nothing of `x-catalyst.isolation`.
    var isolation: Isolation?
}

/// A service as its own section has it, with the places that checks across services point to.
struct Draft {
    var spec: ServiceSpec
    let place: Place
    var profiles: [String] = []
    /// One for each of `spec.dependencies`.
    var dependencyPlaces: [Place] = []
    var claims: [PortClaim] = []
    var listenPlace: Place?
    /// Where it says that the new instance is to start before the old one ends.
    var startFirst: [Field] = []
}

/// One service's section, key by key. A key is taken in exactly one of the extensions' files.
struct ServiceReader {
    let project: Project
    var keys: Section
    var draft: Draft

    static func draft(of entry: Entry, in project: Project) -> Draft? {
        let findings = project.findings
        guard ServiceName.isValid(entry.key) else {
            findings.error(
                entry.place, entry.key,
                "is no service name: letters, digits, '-', '_' and '.', at most 64 of them")
            return nil
        }
        guard let entries = entry.value.isNull ? [] : entry.value.mapping else {
            if !entry.value.isBroken {
                findings.error(
                    entry.place, entry.key, "must be a mapping, is \(entry.value.kind)")
            }
            return nil
        }
        let spec = ServiceSpec(
            name: ServiceName(entry.key), command: [],
            workingDirectory: project.directory.path)
        var reader = ServiceReader(
            project: project,
            keys: Section(entries, place: entry.place, path: "", findings: findings),
            draft: Draft(spec: spec, place: entry.place))
        reader.read()
        return reader.draft
    }

    private mutating func read() {
        readProcess()
        readDependencies()
        readHealth()
        readRestart()
        readDeploy()
        readStop()
        readLogging()
        readHooks()
        readPorts()
        readCatalyst()
        readConfinement()
        warnOfStartFirst()
        keys.finish(idle: idleServiceKeys, refused: refusedServiceKeys)
        draft.spec.ports = draft.claims.distinctPorts
    }

    private mutating func readStop() {
        if let field = keys.take("stop_signal"), let scalar = field.scalar() {
            if let signal = SignalName(scalar.text) {
                draft.spec.stopSignal = signal
            } else {
                let names = SignalName.names.map { "SIG" + $0 }
                let near = suggestion(for: scalar.written, among: names + SignalName.names)
                field.fail("unknown signal \(scalar.quoted)\(near)")
            }
        }
        if let period = keys.take("stop_grace_period")?.duration() {
            draft.spec.stopGracePeriod = period
        }
    }

    private mutating func readHooks() {
        draft.spec.hooks.preStart = hooks("pre_start")
        draft.spec.hooks.postStart = hooks("post_start")
        draft.spec.hooks.preStop = hooks("pre_stop")
    }

    private mutating func hooks(_ key: String) -> [Hooks.Hook] {
        (keys.take(key)?.items() ?? []).compactMap { item in
            guard var section = item.section() else { return nil }
            let command = section.take("command")
            if command == nil { section.fail("has no 'command'") }
            var hook = Hooks.Hook(command: command?.command() ?? [])
            if let command, hook.command.first == "" || hook.command.isEmpty, !command.node.isBroken
            {
                command.fail("is empty")
            }
            hook.user = section.take("user")?.user()
            hook.workingDirectory = section.take("working_dir")?.text()
                .map(project.directory.absolute)
            hook.environment = environment(section.take("environment"))
            section.finish(idle: ["image", "per_replica", "privileged"])
            return hook
        }
    }
}

/// Real Compose keys that mean nothing to a process.
private let idleServiceKeys: Set<String> = [
    "annotations", "attach", "build", "cgroup", "cgroup_parent", "configs",
    "container_name", "credential_spec", "develop", "device_cgroup_rules", "devices", "dns",
    "dns_opt", "dns_search", "domainname", "expose", "external_links", "extra_hosts", "gpus",
    "hostname", "image", "init", "ipc", "isolation", "links", "mac_address", "network_mode",
    "networks", "pid", "platform", "privileged", "pull_policy", "pull_refresh_after", "runtime",
    "secrets", "shm_size", "stdin_open", "storage_opt", "tty", "use_api_socket", "userns_mode",
    "uts", "volumes", "volumes_from",
]

/// Real Compose keys whose loss would be a surprise.
private let refusedServiceKeys: [String: String] = [
    "cpu_count": "use 'deploy.resources.limits.cpus'",
    "cpu_percent": "use 'deploy.resources.limits.cpus'",
    "cpu_period": "use 'deploy.resources.limits.cpus'",
    "cpu_quota": "use 'deploy.resources.limits.cpus'",
    "cpu_shares": "use 'deploy.resources.reservations.cpus'",
    "cpuset": "put 'taskset -c …' before the command",
    "extends": "use a YAML anchor and '<<', or a second file",
    "group_add": "name the group in 'user: name:group'",
    "label_file": "use 'labels'",
    "mem_swappiness": "processes share the host's",
    "memswap_limit": "use 'deploy.resources.limits.memory'",
    "oom_kill_disable": "use 'oom_score_adj'",
    "models": "services run as processes",
    "provider": "services run as processes",
    "sysctls": "set it on the host, in /etc/sysctl.d",
]
