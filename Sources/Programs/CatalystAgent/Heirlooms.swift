internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import SystemPackage
internal import Systemd

/// Descriptors that outlive the agent: systemd has copies of them (its fd store) for the next one, and an agent that is
/// replaced in its place leaves them open.
struct Heirlooms {
    private let readiness: Readiness
    /// Left by the agent before, and claimed by nobody yet.
    private var inherited: [String: FileDescriptor] = [:]
    /// Ours: borrowed, each closed by who opened it.
    private(set) var kept: [String: FileDescriptor] = [:]

    /// `environment`: LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID as systemd gives them. `handed`: what an agent left
    /// open in this very process.
    init(
        _ readiness: Readiness, environment: [String: String], handed: [String: Int32]
    ) {
        self.readiness = readiness
        // In the place of another, systemd's numbers are of the beginning of that one.
        let stored = handed.isEmpty ? Self.stored(environment) : []
        for (name, number) in stored + handed.map({ ($0.key, $0.value) }) {
            // Two of one name: the later one was kept when the earlier one was no longer needed.
            if let earlier = inherited.updateValue(FileDescriptor(rawValue: number), forKey: name),
                earlier.rawValue != number
            {
                try? earlier.close()  // Nothing was written to it.
            }
        }
    }

    private static func stored(_ environment: [String: String]) -> [(String, Int32)] {
        guard environment["LISTEN_PID"].flatMap({ Int32($0) }) == getpid(),
            let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), count > 0,
            count <= AgentLimits.heirloomsMax
        else { return [] }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(
            separator: ":", omittingEmptySubsequences: false)
        return zip(names, 3..<(3 + count)).map { (String($0), $1) }
    }

    var unclaimed: [String] { inherited.keys.sorted() }

    /// The caller's from now on.
    mutating func claim(_ name: String) -> FileDescriptor? {
        inherited.removeValue(forKey: name)
    }

    mutating func keep(_ descriptor: FileDescriptor, named name: String) {
        guard kept[name] != descriptor, kept.count < AgentLimits.heirloomsMax else { return }
        // systemd would add it to the one of that name.
        if kept.updateValue(descriptor, forKey: name) != nil { readiness.forget(name) }
        readiness.keep(descriptor, named: name)
    }

    mutating func forget(_ name: String) {
        guard kept.removeValue(forKey: name) != nil else { return }
        readiness.forget(name)
    }

    /// What nobody needs any more: its callers are refused.
    mutating func endUnclaimed() {
        for (name, descriptor) in inherited {
            readiness.forget(name)
            shutdown(descriptor.rawValue, Int32(SHUT_RDWR))
            try? descriptor.close()  // Nothing was written to it.
        }
        inherited = [:]
    }
}

extension ServiceName {
    var socketHeirloom: String { "listen-\(text)" }
    var notificationHeirloom: String { "notify-\(text)" }
    var outputHeirlooms: (stdout: String, stderr: String) { ("out-\(text)", "err-\(text)") }
}
