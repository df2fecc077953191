/// What `ufw status verbose` says.
struct Firewall: Equatable {
    struct Rule: Equatable {
        /// `443/tcp`, `22`, `80,443/tcp (Nginx Full)`, `Anywhere`.
        var target: String
        /// ALLOW, DENY, REJECT, LIMIT.
        var action: String
        /// `Anywhere`, or an address or network.
        var origin: String
    }

    var deniesIncoming: Bool
    /// Those for what comes in.
    var rules: [Rule]

    /// Nil where it is not active, or not understood.
    init?(status text: String) {
        let lines = text.split(separator: "\n")
        guard lines.first == "Status: active",
            let defaults = lines.first(where: { $0.hasPrefix("Default: ") })
        else { return nil }
        deniesIncoming = ["deny (incoming)", "reject (incoming)"].contains { defaults.contains($0) }
        rules = lines.compactMap { Rule($0) }
    }

    init(deniesIncoming: Bool, rules: [Rule]) {
        self.deniesIncoming = deniesIncoming
        self.rules = rules
    }

    func isOpenToAll(_ port: UInt16) -> Bool { origins(of: port).contains("Anywhere") }

    /// From where `port` may be reached.
    func origins(of port: UInt16) -> Set<String> {
        Set(rules.filter { $0.isOpening && $0.concerns(port) }.map(\.origin))
    }

    /// What lets other ports in, as ufw writes it.
    func openings(besides ports: Set<UInt16>) -> [String] {
        var found: [String] = []
        for rule in rules where rule.isOpening && !rule.isOnly(ports) {
            let words = rule.target + (rule.origin == "Anywhere" ? "" : " from \(rule.origin)")
            if !found.contains(words) { found.append(words) }
        }
        return found
    }
}

extension Firewall.Rule {
    /// A line of the table; nil where it is another one, or about what goes out.
    init?(_ line: Substring) {
        let pattern = /(.+?) {2,}(ALLOW|DENY|REJECT|LIMIT)( IN| OUT| FWD)? {2,}(.+?)( +#.*)?/
        guard let match = line.wholeMatch(of: pattern), match.3 != " OUT", match.3 != " FWD" else {
            return nil
        }
        target = String(match.1).replacing(" (v6)", with: "")
        action = String(match.2)
        origin = String(match.4).replacing(" (v6)", with: "").trimmingSpaces
    }

    var isOpening: Bool { (action == "ALLOW" || action == "LIMIT") && !target.hasSuffix(" on lo") }

    func concerns(_ port: UInt16) -> Bool {
        guard !isUDP else { return false }
        return ports.map { $0.contains { $0.contains(port) } } ?? true
    }

    /// Whether it opens nothing but `allowed`, over TCP.
    func isOnly(_ allowed: Set<UInt16>) -> Bool {
        guard let ports, !isUDP else { return false }
        return ports.allSatisfy { range in range.allSatisfy(allowed.contains) }
    }

    private var isUDP: Bool { target.contains("/udp") }

    /// Nil: all of them, or some that we do not know.
    private var ports: [ClosedRange<UInt16>]? {
        // `443/tcp`, `203.0.113.5 443/tcp`, `80,443/tcp (Nginx Full)`, `6000:6007/tcp`, `22/tcp on eth0`.
        let words = target.split(separator: " ").prefix { !$0.hasPrefix("(") && $0 != "on" }
        guard let list = words.last?.prefix(while: { $0 != "/" }) else { return nil }
        var ranges: [ClosedRange<UInt16>] = []
        for part in list.split(separator: ",") {
            let ends = part.split(separator: ":").map { UInt16($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else {
                return nil
            }
            ranges.append(first...last)
        }
        return ranges.isEmpty ? nil : ranges
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
