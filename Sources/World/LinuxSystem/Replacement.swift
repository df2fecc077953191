internal import Glibc
package import SystemPackage

/// Another program in the place of this one: the same process, with the same children.
package enum Replacement {
    /// Returns only where it fails. `descriptors` stay open in it; no other thread of ours lives on.
    package static func execute(
        _ program: String, arguments: [String], environment: [String: String],
        keeping descriptors: [FileDescriptor]
    ) -> SystemError {
        for descriptor in descriptors { _ = fcntl(descriptor.rawValue, F_SETFD, 0) }
        let memory = CMemory()
        defer { memory.free() }
        execve(
            program, memory.strings(arguments),
            memory.strings(environment.map { "\($0.key)=\($0.value)" }.sorted()))
        let error = SystemError("run '\(program)'")
        for descriptor in descriptors { _ = fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) }
        return error
    }
}
