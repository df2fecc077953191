internal import CLinux
internal import Glibc
internal import StackModel
internal import SystemPackage

/// A running child of ours.
package struct Child: Hashable, Sendable {
    package let pid: Int32
    /// Readable when the child has ended. Owned: `Reaper` closes it.
    let pidfd: FileDescriptor
    /// The version of Landlock that restricts its writes; 0: none does; nil: unknown, as somebody else started it.
    package let landlock: Int32?

    init(pid: Int32, pidfd: FileDescriptor, landlock: Int32?) {
        self.pid = pid
        self.pidfd = pidfd
        self.landlock = landlock
    }

    /// A process that runs already; nil where it does not.
    package init?(existing pid: Int32) {
        let descriptor = catalyst_pidfd_open(pid)
        guard descriptor >= 0 else { return nil }
        self.init(pid: pid, pidfd: FileDescriptor(rawValue: descriptor), landlock: nil)
    }
}

extension SpawnRequest {
    /// Starts the child; returns when it runs its program, or says why it does not.
    package func spawn() throws(SpawnError) -> Child {
        guard let name = arguments.first else { throw SpawnError("there is no command to run") }
        var environment = environment
        if !listenNames.isEmpty {
            environment["LISTEN_FDS"] = String(descriptors.count)
            environment["LISTEN_FDNAMES"] = listenNames.joined(separator: ":")
        }
        let memory = CMemory()
        defer { memory.free() }
        var request = catalyst_spawn()
        var spawned = catalyst_spawned()

        let paths = candidates(for: name)
        request.paths = memory.readOnlyStrings(paths)
        request.executable = -1
        if case .opened(let descriptor) = program { request.executable = descriptor.rawValue }
        request.argv = UnsafePointer(memory.strings(arguments))
        request.listen_pid = nil
        var entries = environment.map { "\($0.key)=\($0.value)" }.sorted()
        if !listenNames.isEmpty {
            entries.append("LISTEN_PID=" + String(repeating: " ", count: 24))
        }
        request.envp = UnsafePointer(memory.strings(entries))
        if !listenNames.isEmpty {
            request.listen_pid = request.envp[entries.count - 1].map {
                $0 + "LISTEN_PID=".utf8.count
            }
        }
        request.directory = directory.map { UnsafePointer(memory.string($0)) }
        request.standard.0 = input.descriptorNumber
        request.standard.1 = output.descriptorNumber
        request.standard.2 = error.descriptorNumber
        request.stdout_path = output.path.map { UnsafePointer(memory.string($0)) }
        request.stderr_path = error.path.map { UnsafePointer(memory.string($0)) }
        request.descriptors = memory.array(descriptors.map(\.rawValue))
        request.descriptor_count = descriptors.count
        request.cgroup = -1
        request.new_session = 1
        if let identity {
            request.change_user = 1
            request.user = identity.user
            request.group = identity.group
            request.groups = memory.array(identity.groups)
            request.group_count = identity.groups.count
        }
        let limits = try resourceLimits()
        request.rlimits = memory.array(limits.map(\.limit))
        request.rlimit_count = limits.count
        request.oom_score_adjustment = Int32(confinement.oomScoreAdjustment ?? 10_000)
        try setCapabilities(in: &request)
        request.no_new_privileges = confinement.noNewPrivileges ? 1 : 0
        setMounts(in: &request, memory)
        if let filter = isolation?.filter {
            request.filter = memory.filter(filter)
            request.filter_length = filter.instructions.count
        }
        request.death_signal = diesWithAgent ? SIGKILL : 0
        request.classic = usesClassicClone ? 1 : 0

        var cgroupDirectory: FileDescriptor?
        defer { try? cgroupDirectory?.close() }  // Read-only descriptor: nothing can be lost.
        if let cgroup {
            do { cgroupDirectory = try cgroup.open() } catch { throw SpawnError("\(error)") }
            request.cgroup = cgroupDirectory?.rawValue ?? -1
        }
        guard catalyst_spawn(&request, &spawned) == 0 else {
            throw explain(spawned, limits: limits.map(\.name))
        }
        return Child(
            pid: spawned.pid, pidfd: FileDescriptor(rawValue: spawned.pidfd),
            landlock: spawned.landlock)
    }

    private func candidates(for name: String) -> [String] {
        guard !name.utf8.contains(UInt8(ascii: "/")) else { return [name] }
        let path = environment["PATH"] ?? Self.defaultPath
        return path.split(separator: ":").map { "\($0)/\(name)" }
    }

    /// systemd's and Docker's default.
    package static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private func resourceLimits() throws(SpawnError) -> [(name: String, limit: catalyst_rlimit)] {
        var limits: [(name: String, limit: catalyst_rlimit)] = []
        for (name, value) in baseLimits.merging(confinement.ulimits, uniquingKeysWith: { $1 })
            .sorted(by: { $0.key < $1.key })
        {
            guard let number = Self.limitNumbers[name] else {
                throw SpawnError("there is no ulimit '\(name)'")
            }
            let limit = catalyst_rlimit(
                resource: number, soft: UInt64(bitPattern: value.soft),
                hard: UInt64(bitPattern: value.hard))
            limits.append((name, limit))
        }
        return limits
    }

    /// getrlimit(2)'s resources by Docker's names.
    package static let limitNumbers: [String: Int32] = [
        "cpu": 0, "fsize": 1, "data": 2, "stack": 3, "core": 4, "rss": 5, "nproc": 6, "nofile": 7,
        "memlock": 8, "as": 9, "locks": 10, "sigpending": 11, "msgqueue": 12, "nice": 13,
        "rtprio": 14,
        "rttime": 15,
    ]

    private var mounts: [IsolationPlan.Mount] {
        isolation?.mounts
            ?? confinement.tmpfs.map { IsolationPlan.Mount(path: $0, kind: .tmpfs) }
    }

    private func setMounts(in request: inout catalyst_spawn, _ memory: CMemory) {
        request.read_only = confinement.readOnly ? 1 : 0
        request.mounts = memory.array(mounts.map { $0.entry(in: memory) })
        request.mount_count = mounts.count
        guard let isolation else { return }
        request.read_only = isolation.isReadOnly && isolation.mountsAreMade ? 1 : 0
        request.restrict_writes = isolation.isReadOnly ? 1 : 0
        request.hide_processes = isolation.hidesProcesses ? 1 : 0
        request.usual_devices_only = isolation.mountsAreMade ? 1 : 0
        request.leave_mounts = isolation.mountsAreMade ? 0 : 1
    }

    private func setCapabilities(in request: inout catalyst_spawn) throws(SpawnError) {
        let added = try Capabilities.set(confinement.capabilitiesAdded)
        let dropped = try Capabilities.set(confinement.capabilitiesDropped)
        guard added != 0 || dropped != 0 else { return }
        guard geteuid() == 0 else {
            guard added == 0 else {
                throw SpawnError("cannot add capabilities: the agent does not run as root")
            }
            // Without root there are none to drop; this keeps set-user-id programs from bringing them back.
            request.no_new_privileges = 1
            return
        }
        request.limit_capabilities = dropped == 0 ? 0 : 1
        request.capabilities = ~dropped | added
        if let identity, identity.user != 0 { request.ambient_capabilities = added }
    }

    private func explain(_ spawned: catalyst_spawned, limits: [String]) -> SpawnError {
        guard spawned.step != CATALYST_STEP_STOPPED else {
            return SpawnError("a process of its user stopped it before it began; it is killed")
        }
        let index = Int(spawned.index)
        let program = arguments.first ?? ""
        let action =
            switch spawned.step {
            case CATALYST_STEP_SESSION: "make a session"
            case CATALYST_STEP_CGROUP: "enter the cgroup '\(cgroup?.path ?? "")'"
            case CATALYST_STEP_STDIN: "open standard input"
            case CATALYST_STEP_STDOUT: "open standard output '\(output.path ?? "/dev/null")'"
            case CATALYST_STEP_STDERR: "open standard error '\(error.path ?? "/dev/null")'"
            case CATALYST_STEP_DESCRIPTOR: "hand over descriptor \(3 + index)"
            case CATALYST_STEP_OOM_SCORE:
                "set the OOM score to \(confinement.oomScoreAdjustment ?? 0)"
            case CATALYST_STEP_RLIMIT:
                "set the ulimit '\(index < limits.count ? limits[index] : "")'"
            case CATALYST_STEP_NAMESPACE: "make a mount namespace (needs root)"
            case CATALYST_STEP_READ_ONLY: "make the file system read-only"
            case CATALYST_STEP_MOUNT:
                index < mounts.count ? mounts[index].action : "hide and show so many places"
            case CATALYST_STEP_DEVICES: "limit its devices"
            case CATALYST_STEP_PROC: "mount a /proc of its own"
            case CATALYST_STEP_LANDLOCK: "restrict where it writes"
            case CATALYST_STEP_SECCOMP: "refuse it dangerous system calls"
            case CATALYST_STEP_CAPABILITIES: "set the capabilities"
            case CATALYST_STEP_GROUPS, CATALYST_STEP_GROUP: "become group \(identity?.group ?? 0)"
            case CATALYST_STEP_USER: "become user \(identity?.user ?? 0)"
            case CATALYST_STEP_DIRECTORY: "enter '\(directory ?? "")'"
            case CATALYST_STEP_NO_NEW_PRIVILEGES: "forbid new privileges"
            case CATALYST_STEP_DEATH_SIGNAL: "tie it to the agent's life"
            case CATALYST_STEP_EXECUTE: "run '\(program)'"
            default: "make a process"
            }
        return SpawnError("cannot \(action): \(Self.reason(spawned, program: program))")
    }

    private static func reason(_ spawned: catalyst_spawned, program: String) -> String {
        guard spawned.step == CATALYST_STEP_EXECUTE else {
            return Errno(rawValue: spawned.error).words
        }
        return switch spawned.error {
        case ENOENT where program.utf8.contains(UInt8(ascii: "/")):
            "no such file, or its interpreter is missing"
        case ENOENT: "not found in PATH"
        case ENOEXEC: "not a program: a script needs a first line such as #!/bin/sh"
        default: Errno(rawValue: spawned.error).words
        }
    }
}

extension SpawnRequest.Stream {
    fileprivate var descriptorNumber: Int32 {
        if case .descriptor(let descriptor) = self { descriptor.rawValue } else { -1 }
    }
    fileprivate var path: String? {
        if case .fifo(let path) = self { path } else { nil }
    }
}
