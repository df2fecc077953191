internal import LinuxSystem
internal import StackModel

/// Is only open what must be: 443 to everyone, 22 to one address?
struct FirewallFacts {
    enum Rules: Equatable {
        case active(Firewall)
        case inactive
        case missing
        /// It answered something that we do not understand, or not at all.
        case unreadable(String)
    }

    /// Nil: only root may ask.
    var rules: Rules?
    /// The TCP ports on which somebody listens beyond loopback.
    var listening: Set<UInt16>

    init(rules: Rules?, listening: Set<UInt16>) {
        self.rules = rules
        self.listening = listening
    }

    init(_ site: Site) throws(ToolError) {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map {
            TextFile.read($0, bytesMax: 256 << 10) ?? ""
        }
        listening = openPorts(in: tables)
        rules = site.isRoot ? try Self.rules(site) : nil
    }

    private static func rules(_ site: Site) throws(ToolError) -> Rules {
        guard let outcome = try site.run(["ufw", "status", "verbose"]) else { return .missing }
        guard outcome.isSuccess else { return .unreadable(outcome.lastLines.last ?? "it fails") }
        if outcome.text.hasPrefix("Status: inactive") { return .inactive }
        return Firewall(status: outcome.text).map { .active($0) }
            ?? .unreadable("its status is not understood")
    }

    var aspects: [Aspect] { ruleAspects + [listeningAspect] }

    private var ruleAspects: [Aspect] {
        let setup = "scripts/install --ssh-from ADDRESS"
        switch rules {
        case nil:
            return [.unchecked("the rules: only root may see them", "sudo catalystctl verify")]
        case .missing: return [.unmet("ufw is not installed", "apt install ufw, then: \(setup)")]
        case .inactive: return [.unmet("ufw is not active", setup)]
        case .unreadable(let why): return [.unchecked("ufw: \(why)", "ufw status verbose")]
        case .active(let firewall): return aspects(firewall)
        }
    }

    private func aspects(_ firewall: Firewall) -> [Aspect] {
        var wrong: [Aspect] = []
        if !firewall.deniesIncoming {
            wrong.append(.unmet("incoming is not denied by default", "ufw default deny incoming"))
        }
        if !firewall.isOpenToAll(443) {
            wrong.append(.unmet("443 is not open", "ufw allow 443/tcp"))
        }
        let origins = firewall.origins(of: 22)
        if origins.contains("Anywhere") {
            wrong.append(
                .unmet(
                    "22 is open to everyone",
                    "ufw allow from ADDRESS to any port 22 proto tcp, ufw delete …"))
        } else if origins.count > 1 || origins.contains(where: \.isNetwork) {
            wrong.append(
                .unmet(
                    "22 is open to more than one address: \(origins.sorted().joined(separator: ", "))",
                    "ufw status numbered, ufw delete NUMBER"))
        }
        for other in firewall.openings(besides: [22, 443]) {
            wrong.append(.unmet("also open: \(other)", "ufw status numbered, ufw delete NUMBER"))
        }
        guard wrong.isEmpty else { return wrong }
        let ssh = origins.first.map { "22 from \($0) only" } ?? "22 closed"
        return [.met("ufw is active: incoming denied, 443 open, \(ssh)")]
    }

    private var listeningAspect: Aspect {
        let expected: Set<UInt16> = [22, 80, 443]
        let others = listening.subtracting(expected).sorted().map(String.init)
        guard others.isEmpty else {
            return .unmet(
                "beyond loopback listen: \(others.prefix(8).joined(separator: ", "))"
                    + (others.count > 8 ? " …" : ""), "ss -ltnp")
        }
        let ports = listening.sorted().map(String.init).joined(separator: ", ")
        return .met(
            ports.isEmpty
                ? "nothing listens beyond loopback" : "beyond loopback listen only: \(ports)")
    }
}

/// The ports that listen on another address than loopback, in the kernel's tables of TCP sockets.
func openPorts(in tables: [String]) -> Set<UInt16> {
    var ports: Set<UInt16> = []
    for table in tables {
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            // 0A is TCP_LISTEN; the kernel lists those first.
            guard fields.count > 3, fields[3] == "0A" else { break }
            let place = fields[1].split(separator: ":")
            guard place.count == 2, let port = UInt16(place[1], radix: 16) else { continue }
            if !isLoopback(place[0]) { ports.insert(port) }
        }
    }
    return ports
}

/// In the kernel's hexadecimal, each four bytes in the machine's order.
private func isLoopback(_ address: Substring) -> Bool {
    let address = address.uppercased()
    if address.count == 8 { return address.hasSuffix("7F") }
    return address == "00000000000000000000000001000000"
        || address.hasPrefix("0000000000000000FFFF0000") && address.hasSuffix("7F")
}

extension String {
    /// `10.0.0.0/8`, but not `10.0.0.1/32`.
    fileprivate var isNetwork: Bool {
        contains("/") && !hasSuffix("/32") && !hasSuffix("/128")
    }
}
