internal import Glibc
package import StackModel

/// The agent's own limits.
package enum ResourceLimit {
    /// Raises the soft limit of descriptors to the hard one: 1,000 services need some thousands. Returns what it was,
    /// for the services, whose select(2) must not meet descriptors past 1,024 unasked.
    package static func raiseDescriptorLimit() -> Confinement.Ulimit? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return nil
        }
        let before = Confinement.Ulimit(
            soft: Int64(clamping: limit.rlim_cur), hard: Int64(clamping: limit.rlim_max))
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return before
    }
}
