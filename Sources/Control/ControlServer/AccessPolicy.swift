internal import Glibc
package import LinuxSystem

/// Who may ask what: root and the agent's own user may change, so may group `catalyst-admin`; group
/// `catalyst` may read.
package struct AccessPolicy: Equatable, Sendable {
    package enum Role: Comparable, Sendable { case none, reading, operating }

    private let owner: UInt32
    private let readers: UInt32?
    private let operators: UInt32?

    package init(owner: UInt32, readers: UInt32?, operators: UInt32?) {
        self.owner = owner
        self.readers = readers
        self.operators = operators
    }

    /// Looks the groups up; one that does not exist has no members.
    package static func ofThisMachine() -> AccessPolicy {
        AccessPolicy(
            owner: geteuid(), readers: getgrnam("catalyst")?.pointee.gr_gid,
            operators: getgrnam("catalyst-admin")?.pointee.gr_gid)
    }

    /// Root, and the agent's own user.
    func isPrivileged(_ user: UInt32) -> Bool { user == 0 || user == owner }

    package func role(of peer: UnixSocket.Peer) -> Role {
        role(user: peer.user, groups: peer.groups)
    }

    package func role(user: UInt32, groups: [UInt32]) -> Role {
        if isPrivileged(user) { return .operating }
        if let operators, groups.contains(operators) { return .operating }
        if let readers, groups.contains(readers) { return .reading }
        return .none
    }
}
