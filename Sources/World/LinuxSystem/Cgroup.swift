internal import Glibc
package import SystemPackage

/// One cgroup v2 directory: a process tree that cannot be left.
package struct Cgroup: Hashable, Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    package func child(_ name: String) -> Cgroup { Cgroup(path: path + "/" + name) }

    /// No error where it is there already.
    package func make() throws(SystemError) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw SystemError("make the cgroup '\(path)'")
        }
    }

    /// No error where it is gone already; one where processes are left.
    package func remove() throws(SystemError) {
        guard rmdir(path) == 0 || errno == ENOENT else {
            throw SystemError("remove the cgroup '\(path)'")
        }
    }

    /// Kills what is in the cgroups below it, and removes them and itself. False: something is dying still.
    package func removeAll() -> Bool {
        for name in Directory.names(in: path) {
            let below = child(name)
            // Files of the kernel's are no directories: removing them fails, and nothing else happens.
            guard rmdir(below.path) != 0, errno == EBUSY else { continue }
            below.kill()
        }
        return rmdir(path) == 0 || errno == ENOENT
    }

    func open() throws(SystemError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
        } catch {
            throw SystemError("open the cgroup '\(path)'", .current)
        }
    }

    /// Whether no process is in it or below it. A cgroup that is gone is empty.
    package var isEmpty: Bool {
        guard let events = TextFile.read(path + "/cgroup.events") else { return true }
        return !events.contains("populated 1")
    }

    /// Whether it can limit and count memory.
    package var hasMemoryController: Bool { access(path + "/memory.current", F_OK) == 0 }

    /// Those that our process namespace shows: the kernel gives 0 for others, which as a target would be our own group.
    package var processes: [Int32] {
        Self.processes(in: TextFile.read(path + "/cgroup.procs") ?? "")
    }

    static func processes(in text: String) -> [Int32] {
        text.split(separator: "\n").compactMap { Int32($0) }.filter { $0 > 0 }
    }

    /// SIGKILL to everything in it: `cgroup.kill` from Linux 5.14 on, else one by one. Returns whether
    /// anything was there.
    ///
    /// Afterwards remove it before anything is started in it: from Linux 6.14 on the kernel counts the
    /// kills of a cgroup, compares that with the count of the *parent's* cgroup at
    /// clone3(CLONE_INTO_CGROUP), and kills the newborn.
    @discardableResult
    package func kill() -> Bool {
        guard !isEmpty else { return false }
        if TextFile.write("1", to: path + "/cgroup.kill") { return true }
        // New ones may appear meanwhile; the caller kills again until it is empty.
        for pid in processes { _ = Glibc.kill(pid, SIGKILL) }
        return true
    }

    package func signal(_ number: Int32) {
        for pid in processes { _ = Glibc.kill(pid, number) }
    }

    /// A descriptor that is "exceptional" in the event loop when emptiness changes.
    package func openEvents() throws(SystemError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path + "/cgroup.events", .readOnly, options: [.closeOnExec])
        } catch {
            throw SystemError("watch the cgroup '\(path)'", .current)
        }
    }
}
