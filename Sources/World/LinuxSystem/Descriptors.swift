internal import CLinux
internal import Glibc
package import SystemPackage

/// The descriptors that this process was started with.
package enum Descriptors {
    /// What our starter left open is not for our children: a lock or a pipe would be held as long as a service lives.
    package static func withholdInherited() {
        for number in Directory.names(in: "/proc/self/fd").compactMap({ Int32($0) })
        where number > 2 {
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        }
    }
}

/// A copy of the descriptor that another process has as `number`. It needs root or, where the kernel's ptrace
/// restrictions allow it, the same user.
package func takeDescriptor(_ number: Int32, from pid: Int32) throws(SystemError) -> FileDescriptor
{
    let action = "take descriptor \(number) of process \(pid)"
    let process = catalyst_pidfd_open(pid)
    guard process >= 0 else { throw SystemError(action) }
    defer { close(process) }
    let taken = catalyst_take_descriptor(process, number)
    guard taken < 0 else { return FileDescriptor(rawValue: taken) }
    let reason = Errno.current
    throw SystemError(action, reason, because: words(for: reason))
}

private func words(for reason: Errno) -> String? {
    switch reason {
    case .notPermitted:
        "the kernel forbids it: run as root, or see kernel.yama.ptrace_scope"
    case .badFileDescriptor: "it has none of that number"
    case .noFunction: "the kernel is older than 5.6"
    default: nil
    }
}
