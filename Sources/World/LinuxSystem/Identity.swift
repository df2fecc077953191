internal import Glibc

/// A user with the groups it is in.
package struct Identity: Equatable, Sendable {
    package let user: UInt32
    package let group: UInt32
    package let groups: [UInt32]
    package let name: String
    package let home: String

    package init(user: UInt32, group: UInt32, groups: [UInt32], name: String, home: String) {
        self.user = user
        self.group = group
        self.groups = groups
        self.name = name
        self.home = home
    }

    /// Looks up `name`, `name:group`, `uid` or `uid:gid`. Reads the user database: answers may take a disk's time.
    package init(_ text: String) throws(SpawnError) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard let userText = parts.first else { throw SpawnError("there is no user ''") }
        let entry = Self.user(userText)
        guard let number = entry?.pw_uid ?? UInt32(userText) else {
            throw SpawnError("there is no user '\(userText)' on this machine")
        }
        user = number
        name = entry.map { String(cString: $0.pw_name) } ?? userText
        home = entry.map { String(cString: $0.pw_dir) } ?? "/"
        if parts.count == 2 {
            guard let number = getgrnam(parts[1])?.pointee.gr_gid ?? UInt32(parts[1]) else {
                throw SpawnError("there is no group '\(parts[1])' on this machine")
            }
            group = number
        } else {
            group = entry?.pw_gid ?? number
        }
        groups = Self.groups(of: name, with: group)
    }

    package static func current() -> Identity {
        let entry = getpwuid(geteuid())?.pointee
        return Identity(
            user: geteuid(), group: getegid(), groups: [],
            name: entry.map { String(cString: $0.pw_name) } ?? String(geteuid()),
            home: entry.map { String(cString: $0.pw_dir) } ?? "/")
    }

    /// The user for processes that need no rights at all.
    package static func nobody() -> Identity {
        let entry = getpwnam("nobody")?.pointee
        return Identity(
            user: entry?.pw_uid ?? 65534, group: entry?.pw_gid ?? 65534, groups: [], name: "nobody",
            home: "/")
    }

    /// The collector's: without rights like nobody's, and nobody else's, so that no service may signal it. systemd
    /// (UIDS-GIDS) gives 65520 to 65533 to nobody.
    package static func collector() -> Identity {
        Identity(user: 65533, group: 65533, groups: [], name: "catalyst-collector", home: "/")
    }

    private static func user(_ text: String) -> passwd? {
        if let entry = getpwnam(text) { return entry.pointee }
        return UInt32(text).flatMap { getpwuid($0)?.pointee }
    }

    private static func groups(of name: String, with group: UInt32) -> [UInt32] {
        var groups = [gid_t](repeating: 0, count: 256)
        var count = Int32(groups.count)
        guard getgrouplist(name, group, &groups, &count) >= 0 else { return [group] }
        return Array(groups.prefix(Int(count)))
    }
}
