internal import Glibc
package import SystemPackage

/// A system call that failed, with what it was about: `cannot open '/run/x': permission denied`.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    package let action: String
    package let reason: Errno

    package init(_ action: String, _ reason: Errno = .current) {
        self.action = action
        self.reason = reason
    }

    package var description: String { "cannot \(action): \(reason.words)" }
}

extension Errno {
    /// The calling thread's errno.
    package static var current: Errno { Errno(rawValue: errno) }

    /// strerror(3) in lower case: `permission denied`.
    package var words: String {
        let text = String(describing: self)
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
