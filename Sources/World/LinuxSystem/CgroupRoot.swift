internal import Glibc
package import StackModel
internal import SystemPackage

/// The cgroup below which an agent keeps all that it runs, each in one of its own.
package final class CgroupRoot {
    package let cgroup: Cgroup
    /// Of a unit that has no process of its own, where controllers may be enabled; nil: the agent's own cgroup is
    /// around it, in which that would keep systemd from starting the next agent there while services live.
    package let holder: Cgroup?
    /// In force in the cgroups below it.
    package private(set) var controllers: Set<CgroupController> = []
    private var refusals: [CgroupController: SystemError] = [:]
    private var reserved: Int64 = 0

    /// Made and tried; throws where there is no cgroup v2, or none may be made. `holder`: a path below the cgroup2
    /// file system, relative to it or absolute; the last directory of it is made where it is missing.
    package init(named name: String, in holder: String? = nil) throws(SystemError) {
        let around: Cgroup? = if let holder { try Self.holder(at: holder) } else { nil }
        self.holder = around
        cgroup = if let around { around.child(name) } else { try Cgroup.own().child(name) }
        try establish()
        // A directory may be made where processes may not be put (a cgroup namespace, a threaded one).
        guard access(cgroup.path + "/cgroup.procs", W_OK) == 0 else {
            let error = SystemError("put processes into '\(cgroup.path)'")
            try? cgroup.remove()  // It was made a moment ago and is empty.
            throw error
        }
    }

    /// A cgroup for something to run in, with these resources; and what of them was refused.
    package func make(_ name: String, for resources: Resources) throws(SystemError)
        -> (cgroup: Cgroup, refused: [String])
    {
        let made = cgroup.child(name)
        do throws(SystemError) {
            try made.make()
        } catch  where error.reason == .noSuchFileOrDirectory {
            // systemd removes what is empty, with all that is empty in it.
            try establish()
            try made.make()
        }
        return (made, made.set(CgroupLimits(resources), with: controllers))
    }

    /// What is reserved below it all in all: reserved in one alone, and not in those around it, it is worth nothing.
    package func reserve(_ memory: ByteCount) {
        reserved = memory.bytes
        guard controllers.contains(.memory) else { return }
        _ = TextFile.write("\(reserved)", to: cgroup.path + "/memory.low")
        guard let holder, (Self.number("memory.low", of: holder) ?? 0) < reserved else { return }
        _ = TextFile.write("\(reserved)", to: holder.path + "/memory.low")
    }

    /// The first cgroup around that reserves less than is reserved below it.
    package var weakReservation: (path: String, memory: ByteCount)? {
        guard reserved > 0, controllers.contains(.memory) else { return nil }
        var path = cgroup.path
        while let slash = path.lastIndex(of: "/") {
            // The root of all has no such file.
            guard let low = Self.number("memory.low", of: Cgroup(path: path)) else { return nil }
            if low < reserved { return (path, ByteCount(bytes: low)) }
            path = String(path[..<slash])
        }
        return nil
    }

    /// Nil: it is in force.
    package func refusal(of controller: CgroupController) -> String? {
        guard !controllers.contains(controller) else { return nil }
        if let refusal = refusals[controller] { return "\(refusal)" }
        return CgroupAbsence.words(for: controller, holder: holder)
    }

    private func establish() throws(SystemError) {
        if let holder { try holder.make() }
        try cgroup.make()
        (controllers, refusals) = ([], [:])
        for controller in CgroupController.allCases where enable(controller) {
            controllers.insert(controller)
        }
        reserve(ByteCount(bytes: reserved))
    }

    /// Each alone: one that is missing does not cost the others.
    private func enable(_ controller: CgroupController) -> Bool {
        for level in [holder, cgroup].compactMap(\.self) {
            guard level.controllers.contains(controller.rawValue) else { return false }
            guard TextFile.write("+\(controller)", to: level.path + "/cgroup.subtree_control")
            else {
                refusals[controller] = SystemError("enable it in '\(level.path)'")
                return false
            }
        }
        return true
    }

    private static func holder(at path: String) throws(SystemError) -> Cgroup {
        let mount = try Cgroup.mount()
        let full = path.hasPrefix("/") ? path : mount + "/" + path
        let action = "keep services in the cgroup '\(path)'"
        guard full.hasPrefix(mount + "/"), !full.split(separator: "/").contains("..") else {
            throw SystemError(
                action, .invalidArgument, because: "it is not below '\(mount)', name one that is")
        }
        let own = try Cgroup.own().path
        guard own != full else {
            throw SystemError(
                action, .invalidArgument,
                because: "it is the agent's own, name that of a unit which holds no process")
        }
        let parent = full.lastIndex(of: "/").map { String(full[..<$0]) } ?? mount
        guard access(parent, F_OK) == 0 else {
            throw SystemError(
                action, because: "there is no '\(parent)', start the unit that is to hold them")
        }
        return Cgroup(path: full)
    }

    private static func number(_ file: String, of cgroup: Cgroup) -> Int64? {
        guard let text = TextFile.read("\(cgroup.path)/\(file)") else { return nil }
        let word = text.prefix { $0 != "\n" }
        return word == "max" ? .max : Int64(word)
    }
}

extension Cgroup {
    /// Those that can be enabled for the cgroups below it.
    fileprivate var controllers: Set<String> {
        let text = TextFile.read(path + "/cgroup.controllers") ?? ""
        return Set(text.split { $0 == " " || $0 == "\n" }.map(String.init))
    }

    /// Where the agent itself is.
    package static func own() throws(SystemError) -> Cgroup {
        let lines = (TextFile.read("/proc/self/cgroup") ?? "").split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("0::") }) else {
            throw SystemError("find the agent's cgroup", .noSuchFileOrDirectory)
        }
        let relative = line.dropFirst(3)
        return Cgroup(path: try mount() + (relative == "/" ? "" : String(relative)))
    }

    /// Where cgroup v2 is, beside v1's hierarchies perhaps.
    static func mount() throws(SystemError) -> String {
        let mounts = TextFile.read("/proc/self/mounts") ?? ""
        let mount = mounts.split(separator: "\n").lazy.map { $0.split(separator: " ") }
            .first { $0.count > 2 && $0[2] == "cgroup2" }
        guard let mount else {
            throw SystemError("find a cgroup v2 hierarchy", .noSuchFileOrDirectory)
        }
        return String(mount[1])
    }
}
