internal import CLinux
internal import Glibc
package import StackModel

/// A service's isolation as steps of its spawn: made once for each definition.
package struct IsolationPlan: Equatable, Sendable {
    struct Mount: Equatable, Sendable {
        enum Kind: Sendable { case writable, visible, hidden, tmpfs }
        var path: String
        var kind: Kind
    }

    /// A place comes before what is below it.
    let mounts: [Mount]
    /// Without what mounting takes, they only say where Landlock lets it write.
    let mountsAreMade: Bool
    let hidesProcesses: Bool
    let isReadOnly: Bool
    let filter: CallFilter?

    /// - Parameters:
    ///   - hidden: the agent's own places and those of other services.
    ///   - own: where its program and its working directory are: they stay visible.
    ///   - canMount: whether the agent has what mounting takes; without it files are Landlock's and their modes' alone.
    package init(
        _ confinement: Confinement, hiding hidden: [String], own: [String],
        canMount: Bool = Self.canMount
    ) {
        let isolation = confinement.isolation ?? Isolation()
        filter = CallFilter(allowing: isolation.callsAllowed)
        isReadOnly = confinement.readOnly
        mountsAreMade = canMount
        hidesProcesses = canMount && isolation.privateProc
        guard canMount else {
            mounts = isolation.writable.map { Mount(path: $0, kind: .writable) }
            return
        }
        let scratch = confinement.tmpfs + (isolation.privateTmp ? Self.scratchPlaces : [])
        mounts = Self.mounts(
            writable: isolation.writable, visible: isolation.visible,
            hidden: isolation.hidden + hidden, scratch: scratch, own: own)
    }

    /// The nearest place decides, whoever named it; where two name the same, what is granted.
    static func mounts(
        writable: [String], visible: [String], hidden: [String], scratch: [String], own: [String]
    ) -> [Mount] {
        var kinds: [String: Mount.Kind] = [:]
        for path in hidden { kinds[path] = .hidden }
        for path in scratch { kinds[path] = .tmpfs }
        for path in visible { kinds[path] = .visible }
        for path in writable { kinds[path] = .writable }
        for path in own where kinds[path] == nil {
            let above = kinds.kind(above: path)
            if above == .hidden || above == .tmpfs { kinds[path] = .visible }
        }
        // What is below an empty directory is not there; what is below a writable one is writable, and may have become
        // a link of the service's making.
        let needed = kinds.filter { path, kind in
            kind == .tmpfs || kind != kinds.kind(above: path)
        }
        return needed.sorted { $0.key < $1.key }.map { Mount(path: $0.key, kind: $0.value) }
    }

    /// Where everybody writes, those of them that are directories of their own here.
    private static let scratchPlaces = ["/dev/shm", "/tmp", "/var/tmp"].filter {
        var status = stat()
        return lstat($0, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// CAP_SYS_ADMIN, as capabilities(7) numbers it.
    package static let canMount = Capabilities.effective >> 21 & 1 == 1
}

extension [String: IsolationPlan.Mount.Kind] {
    /// Of the nearest place that `path` is in.
    fileprivate func kind(above path: String) -> Value? {
        var place = path[...]
        while let slash = place.lastIndex(of: "/"), slash > place.startIndex {
            place = place[..<slash]
            if let kind = self[String(place)] { return kind }
        }
        return nil
    }
}

extension IsolationPlan.Mount {
    func entry(in memory: CMemory) -> catalyst_mount {
        let kind =
            switch kind {
            case .writable: CATALYST_MOUNT_WRITABLE
            case .visible: CATALYST_MOUNT_VISIBLE
            case .hidden: CATALYST_MOUNT_HIDDEN
            case .tmpfs: CATALYST_MOUNT_TMPFS
            }
        return catalyst_mount(path: UnsafePointer(memory.string(path)), kind: kind)
    }

    /// What was tried with it, for an error.
    var action: String {
        switch kind {
        case .writable: "make '\(path)' writable"
        case .visible: "make '\(path)' visible"
        case .hidden: "hide '\(path)'"
        case .tmpfs: "mount a tmpfs on '\(path)'"
        }
    }
}

extension CMemory {
    func filter(_ filter: CallFilter) -> UnsafePointer<sock_filter>? {
        array(
            filter.instructions.map {
                sock_filter(code: $0.code, jt: $0.ifTrue, jf: $0.ifFalse, k: $0.value)
            }
        )
    }
}
