/// What the stack file says about one service, resolved: no variables, no defaults left open.
package struct ServiceSpec: Equatable, Sendable, Codable {
    package var name: ServiceName
    /// The program and its arguments; never empty. A name without `/` is looked up in the service's `PATH`.
    package var command: [String]
    /// Absolute.
    package var workingDirectory: String
    /// Values may be secret: print them through `ServiceSpec.redacted` only.
    package var environment: [String: String] = [:]
    /// `name`, `name:group`, `uid` or `uid:gid`; nil: the agent's own user.
    package var user: String?
    package var dependencies: [Dependency] = []
    package var healthCheck: HealthCheck = .none
    package var contract: Contract = Contract()
    package var onUnhealthy: OnUnhealthy = .restart
    package var restart: RestartPolicy = RestartPolicy()
    package var stopSignal: SignalName = .terminate
    @Seconds package var stopGracePeriod: Duration = .seconds(10)
    package var logging: LogPolicy = LogPolicy()
    /// Ports of this host that the service is known to use, to explain a clash before it happens.
    package var ports: [Port] = []
    package var confinement: Confinement = Confinement()
    package var resources: Resources = Resources()
    package var update: UpdatePolicy = UpdatePolicy()
    package var rollback: UpdatePolicy = UpdatePolicy()
    package var hooks: Hooks = Hooks()
    /// The socket that the agent owns for the service: `127.0.0.1:5001`, `[::1]:5001` or `/run/app.sock`.
    package var listen: String?
    /// How many connections may wait in it. 1…65535; the kernel's `somaxconn` bounds it.
    package var backlog = 1024
    package var hold: Hold?
    /// How long a replaced instance still serves the connections it has, at least, before it is told to stop.
    @Seconds package var drain: Duration = .seconds(1)
    /// The release that its paths lead into; nil: into none.
    package var release: String?
    /// Paths whose change means that this service must be rolled.
    package var source: [String] = []
    package var labels: [String: String] = [:]

    package init(name: ServiceName, command: [String], workingDirectory: String = "/") {
        self.name = name
        self.command = command
        self.workingDirectory = workingDirectory
    }

    /// Whether a running instance of `old` has to be replaced to become this.
    ///
    /// Probes, policies, limits of time and the log's rotation change under a running instance.
    package func needsNewInstance(insteadOf old: ServiceSpec) -> Bool {
        command != old.command || workingDirectory != old.workingDirectory
            || environment != old.environment || user != old.user
            || confinement != old.confinement || listen != old.listen
            || logging.driver != old.logging.driver
            || (healthCheck.probe == .notify) != (old.healthCheck.probe == .notify)
    }
}

extension ServiceSpec {
    /// Whether trouble with `thing` can be why it fares badly. Everything needs disk and memory; the
    /// database who has a URL of one in its environment.
    package func uses(_ thing: Subject.Thing) -> Bool {
        switch thing {
        case .disk, .memory: true
        case .postgres: usesPostgres
        case .host, .certificate, .frontDoor, .backup, .snapshot, .agent: false
        }
    }

    private var usesPostgres: Bool {
        if case .postgres = healthCheck.probe { return true }
        return environment.values.contains {
            $0.hasPrefix("postgres://") || $0.hasPrefix("postgresql://")
                || $0.hasPrefix("postgresql+")
        }
    }
}

/// What must be true of another service before this one starts.
package struct Dependency: Equatable, Sendable, Codable {
    package enum Condition: String, Sendable, Codable {
        case started = "service_started"
        case healthy = "service_healthy"
        case completed = "service_completed_successfully"
    }

    package var service: ServiceName
    package var condition: Condition
    /// Restart the dependent when an operator restarts the dependency.
    package var restart: Bool
    /// False: wait for it while it may come, but start without it when it is down or has failed.
    package var isRequired: Bool

    package init(
        on service: ServiceName, _ condition: Condition = .started, restart: Bool = false,
        isRequired: Bool = true
    ) {
        self.service = service
        self.condition = condition
        self.restart = restart
        self.isRequired = isRequired
    }
}

/// A port of this host.
package struct Port: Hashable, Sendable, Codable {
    /// A numeric address; `0.0.0.0` and `::` are everyone's.
    package var address: String
    package var number: UInt16

    package init(address: String = "127.0.0.1", number: UInt16) {
        self.address = address
        self.number = number
    }

    /// Whether only this host can reach it.
    package var isLoopback: Bool {
        address.hasPrefix("127.") || address == "::1" || address == "localhost"
    }
}

/// What to do with an instance that is unhealthy through its own fault.
package enum OnUnhealthy: String, Sendable, Codable {
    case restart, alert
}

/// A signal by number, written by name.
package struct SignalName: Hashable, Sendable {
    package let number: Int32
    package init(number: Int32) { self.number = number }

    package static let terminate = SignalName(number: 15)
    package static let kill = SignalName(number: 9)

    /// Takes `SIGTERM`, `TERM` or `15`. Linux numbers, the same on x86-64 and arm64.
    package init?(_ text: String) {
        if let number = Int32(text), (1...64).contains(number) {
            self.number = number
            return
        }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        guard let index = Self.names.firstIndex(of: name) else { return nil }
        number = Int32(index + 1)
    }

    package static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ]
}

extension SignalName: CustomStringConvertible, Codable {
    package var description: String {
        (1...Int32(Self.names.count)).contains(number)
            ? "SIG" + Self.names[Int(number) - 1] : "signal \(number)"
    }
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let signal = SignalName(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no signal '\(text)'")
        }
        self = signal
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number <= Self.names.count ? description : String(number))
    }
}
