package import StackModel
package import SystemPackage

/// Everything a child is started with.
package struct SpawnRequest: Sendable {
    package enum Program: Sendable {
        /// The first of `arguments`, looked up in the environment's `PATH` where it has no `/`.
        case named
        /// An open program, for a child whose user may not search the way to it.
        case opened(FileDescriptor)
    }

    /// Where a standard stream goes.
    package enum Stream: Sendable {
        case null
        case descriptor(FileDescriptor)
        /// A FIFO, opened read-write by the child: a reader that dies costs it neither SIGPIPE nor a line.
        case fifo(String)
    }

    package var program = Program.named
    package var arguments: [String]
    package var environment: [String: String]
    package var directory: String?
    package var input = Stream.null
    package var output = Stream.null
    package var error = Stream.null
    /// Become 3, 4 … in the child.
    package var descriptors: [FileDescriptor] = []
    /// Sets LISTEN_FDS, LISTEN_FDNAMES and the child's true LISTEN_PID for `descriptors`.
    package var listenNames: [String] = []
    package var cgroup: Cgroup?
    package var identity: Identity?
    package var confinement = Confinement()
    /// How `confinement.isolation` is done; nil: there is none.
    package var isolation: IsolationPlan?
    /// Rlimits that must be set whatever the stack file says: the agent's raised ones, put back.
    package var baseLimits: [String: Confinement.Ulimit] = [:]
    /// SIGKILL when the agent's thread ends: for helpers that must not outlive it.
    package var diesWithAgent = false
    /// Use clone() instead of clone3(): for tests of the fallback.
    package var usesClassicClone = false

    package init(arguments: [String], environment: [String: String] = [:]) {
        self.arguments = arguments
        self.environment = environment
    }
}

/// Why a child could not be started: the step, what it was about, and the kernel's reason.
package struct SpawnError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
