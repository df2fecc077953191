internal import LinuxSystem

/// Which files of a machine are its configuration: they are saved, and nothing else is ever brought back.
enum SavedPlaces {
    static let stackFile = "/etc/catalyst/stack.yaml"
    static let variableFile = "/etc/catalyst/.env"
    static let stateDirectory = "/var/lib/catalyst"
    static let ledger = stateDirectory + "/ledger.sqlite"
    /// What SQLite keeps beside the ledger of an agent that was killed.
    static let ledgerParts = [ledger, ledger + "-wal"]
    static let site = "/etc/nginx/sites-available/catalyst-mcp"
    static let enabledSite = "/etc/nginx/sites-enabled/catalyst-mcp"
    static let renewals = "/etc/letsencrypt/renewal"

    /// Secrets beside them: never saved, named in the manifest where they are there.
    static let secrets: [(path: String, wayBack: String)] = [
        (variableFile, "a secret: fill it in on the new machine"),
        ("/etc/nginx/catalyst/key.conf", "a secret: the installer makes it from MCP_API_KEY"),
        ("/etc/nginx/catalyst/tls/privkey.pem", "a secret: certbot or the installer makes another"),
    ]

    private struct Place {
        /// `*` stands for any letters but `/`.
        let pattern: String

        var directory: String {
            pattern.lastIndex(of: "/").map { String(pattern[..<$0]) } ?? ""
        }
    }

    private static let places = [
        stackFile, "/etc/catalyst/stack.d/*.yaml",
        site, "/etc/nginx/catalyst/*.conf", "/etc/nginx/conf.d/catalyst*.conf",
        "/etc/systemd/system/catalyst*.service", "/etc/systemd/system/catalyst*.timer",
        "/etc/systemd/system/catalyst*.slice", "/etc/systemd/system/catalyst*.d/*.conf",
        "/etc/ufw/user.rules", "/etc/ufw/user6.rules", "/etc/default/ufw",
        renewals + "/*.conf",
    ].map(Place.init)

    /// Whether a file may be brought back to `path`.
    static func knows(_ path: String) -> Bool {
        guard !isSecret(path), !path.split(separator: "/").contains(where: { $0.hasPrefix(".") })
        else { return false }
        return ledgerParts.contains(path) || places.contains { matches(path, $0.pattern) }
    }

    /// Those that are there, sorted, without the ledger.
    static func found(below root: String) -> [String] {
        var found: [String] = []
        for place in places {
            for directory in directories(place.directory, below: root) {
                for name in Directory.names(in: root + directory) {
                    let path = directory + "/" + name
                    if matches(path, place.pattern), knows(path) { found.append(path) }
                }
            }
        }
        return found.sorted()
    }

    private static func directories(_ pattern: String, below root: String) -> [String] {
        guard pattern.contains("*"), let slash = pattern.lastIndex(of: "/") else {
            return [pattern]
        }
        let parent = String(pattern[..<slash])
        return Directory.names(in: root + parent).map { parent + "/" + $0 }
            .filter { matches($0, pattern) }
    }

    private static func isSecret(_ path: String) -> Bool {
        secrets.contains { $0.path == path }
    }

    /// One `*` a part at most.
    private static func matches(_ path: String, _ pattern: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let wanted = pattern.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == wanted.count else { return false }
        return zip(parts, wanted).allSatisfy { part, wanted in
            guard let star = wanted.firstIndex(of: "*") else { return part == wanted }
            let head = wanted[..<star]
            let tail = wanted[wanted.index(after: star)...]
            return part.count >= head.count + tail.count && part.hasPrefix(head)
                && part.hasSuffix(tail)
        }
    }
}
