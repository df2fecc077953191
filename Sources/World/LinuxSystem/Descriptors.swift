internal import Glibc

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
