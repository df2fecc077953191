/// How the running process of one service is shut in, measure by measure.
package struct IsolationReport: Equatable, Sendable, Codable {
    package enum Measure: String, CaseIterable, Sendable, Codable {
        case user, agent, privileges, capabilities, files, devices, tmp, processes, places, calls,
            landlock
    }

    package enum Standing: String, Sendable, Codable {
        case inForce = "in-force"
        /// The stack file says that the service needs it so.
        case waived
        case missing
        /// It could not be looked at.
        case unknown
    }

    package struct Finding: Equatable, Sendable, Codable {
        package var measure: Measure
        package var standing: Standing
        package var words: String
        /// What puts it in force.
        package var remedy: String?

        package init(
            _ measure: Measure, _ standing: Standing, _ words: String, remedy: String? = nil
        ) {
            self.measure = measure
            self.standing = standing
            self.words = words
            self.remedy = remedy
        }
    }

    package var service: ServiceName
    /// Nil: it does not run, and there are no findings.
    package var pid: Int32?
    /// In the order of `Measure`.
    package var findings: [Finding]

    package init(service: ServiceName, pid: Int32?, findings: [Finding]) {
        self.service = service
        self.pid = pid
        self.findings = findings
    }

    package func count(_ standing: Standing) -> Int {
        findings.count { $0.standing == standing }
    }
}

/// What the kernel says of a process that matters to its isolation. Nil: it could not be read.
package struct IsolationFacts: Equatable, Sendable {
    package var user: UInt32?
    /// The first is its own.
    package var groups: [UInt32] = []
    package var noNewPrivileges: Bool?
    /// Of all its sets together, a bit each.
    package var capabilities: UInt64?
    /// How many seccomp filters judge its calls.
    package var filters: Int?
    /// Its view of the file system.
    package var mounts: [MountPoint]?

    package init() {}
}

/// A line of proc_pid_mountinfo(5).
package struct MountPoint: Equatable, Sendable {
    package var id: Int
    /// What it is mounted on.
    package var parent: Int
    package var path: String
    /// `major:minor` of the file system.
    package var device: String
    package var type: String
    package var isReadOnly: Bool
    /// Devices in it can be opened.
    package var hasDevices: Bool
    /// Of the file system as a whole: `hidepid=invisible` …
    package var options: [String]

    package init(
        id: Int, parent: Int, path: String, device: String, type: String, isReadOnly: Bool,
        hasDevices: Bool, options: [String]
    ) {
        self.id = id
        self.parent = parent
        self.path = path
        self.device = device
        self.type = type
        self.isReadOnly = isReadOnly
        self.hasDevices = hasDevices
        self.options = options
    }
}
