internal import Glibc
internal import LinuxSystem
internal import Logs
internal import StackModel
internal import Supervision
internal import SystemPackage

/// Everything about a spawn that does not change between instances of one definition.
struct Prepared {
    let spec: ServiceSpec
    let request: SpawnRequest
    let definition: String
}

/// How an instance is started.
extension Runner {
    /// Spawns it; nothing is told and nobody is asked yet.
    func launch(_ spec: ServiceSpec, number: Int, socket: ListeningSocket?) throws(SpawnError)
        -> Instance
    {
        let prepared = try prepare(spec)
        var request = prepared.request
        let number = max(number, launched + 1)
        launched = number
        let mark = InstanceMark(
            identity: agent.options.identity, service: name, number: number,
            definition: prepared.definition)
        request.environment[ProcessTree.markName] = mark.text
        if let socket {
            request.descriptors = [socket.descriptor]
            request.listenNames = [name.text]
            request.environment["CATALYST_LISTEN_FD"] = "3"
        }
        let child: Child
        do {
            if let socket { try sockets?.prepare(socket) }
            request.cgroup = try makeCgroup(for: spec)
            child = try request.spawn()
        } catch {
            throw SpawnError("cannot start '\(name)': \(error)")
        }
        let instance = Instance(
            number: number, child: child,
            tree: ProcessTree(leader: child.pid, cgroup: request.cgroup, mark: mark.text),
            spec: spec, request: prepared.request, socket: socket)
        do {
            try watch(child, of: instance)
        } catch {
            // Out of memory or descriptors: without a watch it must not run.
            instance.tree.kill()
            throw SpawnError("cannot start '\(name)': \(error)")
        }
        return instance
    }

    /// The socket that users reach; nil: the agent owns none for it.
    func mainSocket(for spec: ServiceSpec) throws(SpawnError) -> ListeningSocket? {
        if sockets?.address != spec.listen {
            sockets?.close()
            sockets = nil
        }
        guard let address = spec.listen else { return nil }
        do throws(SystemError) {
            let owned =
                if let sockets { sockets } else if let kept = keptSockets(spec, address) {
                    kept
                } else {
                    try OwnedSockets(address: address, backlog: spec.backlog)
                }
            sockets = owned
            return owned.main
        } catch {
            throw SpawnError("cannot start '\(name)': \(error)")
        }
    }

    /// Those of an instance that ended with the agent before; its callers still wait.
    private func keptSockets(_ spec: ServiceSpec, _ address: String) -> OwnedSockets? {
        agent.heirlooms.claim(name.socketHeirloom).flatMap {
            // Defined otherwise by now: then a new one is opened.
            try? OwnedSockets(address: address, backlog: spec.backlog, kept: $0)
        }
    }

    func prepare(_ spec: ServiceSpec) throws(SpawnError) -> Prepared {
        let isolation = agent.isolationPlan(for: spec)
        if let prepared, prepared.spec == spec, prepared.request.isolation == isolation {
            return prepared
        }
        var request = SpawnRequest(arguments: spec.command)
        request.identity = try identity(named: spec.user)
        request.environment = environment(for: spec, identity: request.identity)
        request.directory = spec.workingDirectory
        request.confinement = spec.confinement
        request.isolation = isolation
        request.baseLimits = agent.inheritedLimits
        do {
            let paths = try agent.logs.open(name, policy: spec.logging)
            request.output = .fifo(paths.stdout)
            request.error = .fifo(paths.stderr)
        } catch {
            throw SpawnError("cannot start '\(name)': \(error)")
        }
        if spec.healthCheck.probe == .notify {
            try openNotificationSocket()
            request.environment["NOTIFY_SOCKET"] = notificationSocket?.address
            let watchdog = spec.healthCheck.interval * spec.healthCheck.retries
            request.environment["WATCHDOG_USEC"] = String(watchdog.nanoseconds / 1000)
        }
        let made = Prepared(spec: spec, request: request, definition: spec.fingerprint)
        prepared = made
        return made
    }

    /// A command of the service's beside its instance: a probe, a hook.
    func besides(_ instance: Instance, _ command: [String]) -> SpawnRequest {
        var request = SpawnRequest(arguments: command, environment: instance.request.environment)
        request.environment["NOTIFY_SOCKET"] = nil
        request.environment["WATCHDOG_USEC"] = nil
        request.identity = instance.request.identity
        request.directory = instance.spec.workingDirectory
        request.confinement = instance.spec.confinement
        request.isolation = instance.request.isolation
        request.baseLimits = agent.inheritedLimits
        return request
    }

    func identity(named user: String?) throws(SpawnError) -> Identity? {
        guard let user, !user.isEmpty else { return nil }
        do throws(SpawnError) {
            let identity = try Identity(user)
            if identity.user == geteuid() { return nil }
            guard geteuid() == 0 else {
                throw SpawnError("cannot run as '\(user)': the agent does not run as root")
            }
            return identity
        } catch {
            throw SpawnError("cannot start '\(name)': \(error)")
        }
    }

    private func environment(for spec: ServiceSpec, identity: Identity?) -> [String: String] {
        let user = identity ?? .current()
        // Like a container, a service sees what is declared; of the agent's own only where things are.
        var environment = agent.options.environment.filter {
            ["PATH", "LANG", "TZ", "TMPDIR"].contains($0.key)
        }
        environment["PATH"] = environment["PATH"] ?? SpawnRequest.defaultPath
        environment["HOME"] = user.home
        environment["USER"] = user.name
        environment["LOGNAME"] = user.name
        environment["CATALYST_SERVICE"] = name.text
        environment.merge(spec.environment) { $1 }
        return environment
    }

    func openNotificationSocket() throws(SpawnError) {
        guard notificationSocket == nil else { return }
        do {
            let socket = try NotificationSocket(
                address: "@catalyst/\(agent.options.identity)/\(name)",
                kept: agent.heirlooms.claim(name.notificationHeirloom), on: agent.loop
            ) { [unowned self] notification in received(notification) }
            notificationSocket = socket
            agent.heirlooms.keep(socket.descriptor, named: name.notificationHeirloom)
        } catch {
            throw SpawnError("cannot start '\(name)': \(error)")
        }
    }

    /// Tells it to stop, after its `pre_stop` hooks; how long all that may take is for others to watch.
    func stop(_ instance: Instance) {
        instance.stopProbing(on: agent)
        runHooks(instance.spec.hooks.preStop[...], of: instance) { [unowned self] in
            guard owns(instance) else { return }
            instance.tree.signal(instance.spec.stopSignal)
        }
    }

    private func runHooks(
        _ hooks: ArraySlice<Hooks.Hook>, of instance: Instance, then done: @escaping () -> Void
    ) {
        guard let hook = hooks.first, !instance.mainHasEnded else { return done() }
        var request = besides(instance, hook.command)
        request.environment.merge(hook.environment) { $1 }
        request.directory = hook.workingDirectory ?? request.directory
        if let user = hook.user, let identity = try? identity(named: user) {
            request.identity = identity
        }
        instance.hookRun = CommandRun(
            request, of: name.text, resources(of: instance),
            timeout: instance.spec.stopGracePeriod, agent: agent
        ) { [unowned self] report in
            if report.outcome != .healthy {
                agent.record(
                    .notified, name, .warning,
                    "its pre_stop hook failed: \(report.outcome.words)")
            }
            runHooks(hooks.dropFirst(), of: instance, then: done)
        }
    }
}

extension Report.Outcome {
    var words: String {
        switch self {
        case .healthy: "all is well"
        case .degraded(let words), .unknown(let words): words
        case .failed(let failure): "\(failure)"
        }
    }
}
