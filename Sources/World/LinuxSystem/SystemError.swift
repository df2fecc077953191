internal import Glibc
package import SystemPackage

/// A system call that failed, with what it was about: `cannot open '/run/x': permission denied`.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    package let action: String
    package let reason: Errno
    /// The reason in better words than the kernel's, where we know them.
    private let words: String?

    package init(_ action: String, _ reason: Errno = .current, because words: String? = nil) {
        self.action = action
        self.reason = reason
        self.words = words
    }

    package var description: String { "cannot \(action): \(words ?? reason.words)" }
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
