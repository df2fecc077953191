package import StackModel

/// Judges what is in force, not what was asked for.
package struct IsolationReview {
    private let spec: ServiceSpec
    private let facts: IsolationFacts
    /// The mounts that are not covered.
    private let view: [MountPoint]?
    private let agent: IsolationFacts
    private let surroundings: Surroundings

    /// What a process's isolation is measured against.
    package struct Surroundings: Equatable, Sendable {
        /// The name of its user; nil: it has none.
        package var userName: String?
        /// Services that run as the same user.
        package var fellows: [ServiceName] = []
        /// Whether the collector of measures has the same user.
        package var isCollectors = false
        /// Whether its user and groups may ask the agent.
        package var mayAsk = false
        /// What it must not see: only what is there.
        package var hidden: [String] = []
        /// Where the control socket is.
        package var socketDirectory = "/run/catalyst"
        /// See `Child.landlock`.
        package var landlock: Int32?

        package init() {}
    }

    package init(
        _ spec: ServiceSpec, _ facts: IsolationFacts, agent: IsolationFacts,
        _ surroundings: Surroundings
    ) {
        self.spec = spec
        self.facts = facts
        view = facts.mounts.map(Self.visible)
        self.agent = agent
        self.surroundings = surroundings
    }

    package func findings() -> [IsolationReport.Finding] {
        [
            user, access, privileges, capabilities, files, devices, tmp, processes, places, calls,
            landlock,
        ]
    }

    private typealias Finding = IsolationReport.Finding

    private var isolation: Isolation? { spec.confinement.isolation }
    private var switchOn: String { "'x-catalyst.isolation: on', and restart it" }
    /// Where it is on and yet not in force.
    private var remedy: String {
        isolation == nil ? switchOn : "restart it: the agent needs CAP_SYS_ADMIN for this"
    }

    private var user: Finding {
        guard let user = facts.user else { return unread(.user) }
        let name = surroundings.userName ?? "user \(user)"
        let advice = "give it a user of its own: 'user: …'"
        if user == 0 {
            return Finding(
                .user, .missing, "is root: may take over the machine", remedy: advice)
        }
        if user == agent.user {
            return Finding(.user, .missing, "\(name), as the agent itself", remedy: advice)
        }
        if surroundings.isCollectors {
            return Finding(
                .user, .missing, "\(name), as catalyst-collector: it may end it", remedy: advice)
        }
        guard let fellow = surroundings.fellows.first else {
            return Finding(.user, .inForce, "\(name), no other service's")
        }
        let more = surroundings.fellows.count - 1
        let others = more > 0 ? "'\(fellow)' and \(more) more" : "'\(fellow)'"
        return Finding(.user, .missing, "\(name), as \(others): it may end them", remedy: advice)
    }

    private var access: Finding {
        if let view, covers(surroundings.socketDirectory, in: view) {
            return Finding(.agent, .inForce, "cannot see its socket")
        }
        if facts.user != nil, !surroundings.mayAsk {
            return Finding(.agent, .inForce, "is refused by it")
        }
        guard view != nil, facts.user != nil else { return unread(.agent) }
        return Finding(
            .agent, .missing, "is refused only because it is a service's process",
            remedy: "a user outside of the groups catalyst and catalyst-admin")
    }

    private var privileges: Finding {
        guard let isOn = facts.noNewPrivileges else { return unread(.privileges) }
        if isOn { return Finding(.privileges, .inForce, "gets no more by set-user-id programs") }
        return Finding(
            .privileges, .missing, "may get more by set-user-id programs",
            remedy: "'security_opt: [no-new-privileges]', or \(switchOn)")
    }

    private var capabilities: Finding {
        guard let bits = facts.capabilities else { return unread(.capabilities) }
        let held = (0..<64).filter { bits >> $0 & 1 == 1 }
        if held.isEmpty { return Finding(.capabilities, .inForce, "none, and none to be had") }
        let names = held.map {
            $0 < capabilityNames.count ? capabilityNames[$0] : "\($0)"
        }
        let wanted = Set(spec.confinement.capabilitiesAdded)
        let isAll = names.count > 5
        let words = isAll ? "\(names.count) of them" : names.joined(separator: " ")
        if wanted.isSuperset(of: names) || wanted.contains("ALL") {
            return Finding(.capabilities, .waived, "\(words), as 'cap_add' says")
        }
        return Finding(
            .capabilities, .missing, "may have \(words)",
            remedy: "'cap_drop: [ALL]', or \(switchOn)")
    }

    private var files: Finding {
        guard let view else { return unread(.files) }
        let own = (isolation?.writable ?? []) + spec.confinement.tmpfs + Self.scratch
        let open = view.filter { mount in
            !mount.isReadOnly && !own.contains { Self.path(mount.path, isIn: $0) }
        }
        let writable = isolation?.writable ?? []
        if open.isEmpty {
            let words =
                writable.isEmpty
                ? "all read-only" : "read-only, but \(writable.joined(separator: ", "))"
            return Finding(.files, .inForce, words)
        }
        let words =
            open.contains { $0.path == "/" }
            ? "writes where modes allow" : "writes to '\(open[0].path)'"
        if isolation != nil, !spec.confinement.readOnly {
            return Finding(.files, .waived, "\(words), as 'read_only: false' says")
        }
        return Finding(
            .files, .missing, words,
            remedy: isolation == nil ? "'read_only: true', or \(switchOn)" : remedy)
    }

    private var devices: Finding {
        guard let view else { return unread(.devices) }
        let writable = isolation?.writable ?? []
        let open = view.first { mount in
            mount.hasDevices
                && !(Self.usualDevices + writable).contains { Self.path(mount.path, isIn: $0) }
        }
        guard open == nil else {
            return Finding(.devices, .missing, "opens those whose modes let it", remedy: remedy)
        }
        let granted = writable.filter { Self.path($0, isIn: "/dev") }
        let words = (["null, zero, random, terminals"] + granted).joined(separator: ", ")
        return Finding(.devices, .inForce, "none but \(words)")
    }

    private var tmp: Finding {
        guard let view, let outer = agent.mounts else { return unread(.tmp) }
        let own = Self.at("/tmp", in: view)
        if let own, own.type == "tmpfs",
            own.device != Self.at("/tmp", in: Self.visible(outer))?.device
        {
            return Finding(.tmp, .inForce, "its own, in memory")
        }
        if isolation?.privateTmp == false {
            return Finding(.tmp, .waived, "everybody's, as 'private_tmp: false' says")
        }
        return Finding(.tmp, .missing, "everybody's", remedy: remedy)
    }

    private var processes: Finding {
        guard let view else { return unread(.processes) }
        // CAP_SYS_PTRACE, as capabilities(7) numbers it: who has it sees all.
        if let bits = facts.capabilities, bits >> 19 & 1 == 1 {
            let isAsked = spec.confinement.capabilitiesAdded.contains {
                ["SYS_PTRACE", "ALL"].contains($0)
            }
            return isAsked
                ? Finding(.processes, .waived, "sees all, as 'cap_add' says")
                : Finding(.processes, .missing, "sees all, by SYS_PTRACE", remedy: remedy)
        }
        let hiding = ["hidepid=invisible", "hidepid=ptraceable", "hidepid=2", "hidepid=4"]
        if Self.at("/proc", in: view)?.options.contains(where: hiding.contains) == true {
            return Finding(.processes, .inForce, "sees those of its user only")
        }
        if isolation?.privateProc == false {
            return Finding(.processes, .waived, "sees all, as 'private_proc: false' says")
        }
        return Finding(.processes, .missing, "sees all of the machine", remedy: remedy)
    }

    private var places: Finding {
        guard let view else { return unread(.places) }
        let granted = (isolation?.writable ?? []) + (isolation?.visible ?? [])
        let places = surroundings.hidden + (isolation?.hidden ?? [])
        let hidden = places.filter { !granted.contains($0) }
        let shown = places.filter { (isolation?.visible ?? []).contains($0) }
        let seen = hidden.filter { !covers($0, in: view) }
        guard let first = seen.first else {
            if !shown.isEmpty {
                let words = "does see \(shown.joined(separator: ", ")), as 'visible' says"
                return Finding(.places, .waived, words)
            }
            return Finding(.places, .inForce, "does not see the agent's and others' places")
        }
        let more = seen.count > 1 ? " and \(seen.count - 1) more" : ""
        return Finding(
            .places, .missing, "'\(first)'\(more) only kept from it by their modes",
            remedy: isolation == nil ? switchOn : "restart it: they became known after its start")
    }

    private var calls: Finding {
        guard let own = facts.filters, let outer = agent.filters else { return unread(.calls) }
        let allowed = isolation?.callsAllowed ?? []
        if own > outer, isolation != nil {
            guard !allowed.isEmpty else {
                return Finding(.calls, .inForce, "dangerous system calls are refused")
            }
            let words = "refused, but \(allowed.joined(separator: ", "))"
            return Finding(.calls, .inForce, words)
        }
        if allowed.contains(Isolation.allCalls) {
            return Finding(.calls, .waived, "all, as 'allow_calls: all' says")
        }
        let words = own > 0 ? "some may be, by a filter that is not this one" : "none is refused"
        return Finding(.calls, .missing, words, remedy: remedy)
    }

    private var landlock: Finding {
        if isolation != nil, !spec.confinement.readOnly {
            return Finding(.landlock, .waived, "unused, as 'read_only: false' says")
        }
        switch surroundings.landlock {
        case nil:
            return Finding(
                .landlock, .unknown, "an agent before this one started it, and nothing tells",
                remedy: "a restart of the service would")
        case .some(let version) where version > 0:
            return Finding(.landlock, .inForce, "version \(version) restricts where it writes")
        default:
            guard isolation != nil else {
                return Finding(.landlock, .missing, "does not restrict it", remedy: switchOn)
            }
            return Finding(
                .landlock, .missing, "this kernel has none that fits",
                remedy: "Linux 5.19 or newer, with Landlock switched on")
        }
    }

    private func unread(_ measure: IsolationReport.Measure) -> Finding {
        Finding(measure, .unknown, "the agent may not look at it", remedy: "an agent that is root")
    }
}

extension IsolationReview {
    private static let scratch = ["/tmp", "/var/tmp", "/dev/shm"]
    private static let usualDevices = [
        "/dev/full", "/dev/null", "/dev/ptmx", "/dev/pts", "/dev/random", "/dev/tty",
        "/dev/urandom", "/dev/zero",
    ]

    /// The one on top.
    private static func at(_ path: String, in view: [MountPoint]) -> MountPoint? {
        view.last { $0.path == path }
    }

    /// Those that no other covers, at their place or above: one that is not mounted on it does.
    private static func visible(_ mounts: [MountPoint]) -> [MountPoint] {
        let parents = Dictionary(mounts.map { ($0.id, $0.parent) }, uniquingKeysWith: { $1 })
        func lies(_ mount: MountPoint, on other: MountPoint) -> Bool {
            var id = mount.id
            for _ in mounts {
                if id == other.id { return true }
                guard let parent = parents[id], parent != id else { return false }
                id = parent
            }
            return false
        }
        return mounts.filter { mount in
            !mounts.contains { path(mount.path, isIn: $0.path) && !lies(mount, on: $0) }
        }
    }

    private static func path(_ path: String, isIn other: String) -> Bool {
        path == other || path.hasPrefix(other == "/" ? other : other + "/")
    }

    /// Whether an empty directory or file is where `path` was: at it, or above.
    private func covers(_ path: String, in view: [MountPoint]) -> Bool {
        let nearest = view.filter { Self.path(path, isIn: $0.path) }
            .max { $0.path.utf8.count < $1.path.utf8.count }
        guard let nearest, ["tmpfs", "devtmpfs"].contains(nearest.type) else { return false }
        return !(agent.mounts ?? []).contains {
            $0.device == nearest.device && $0.path == nearest.path
        }
    }
}
