internal import StackModel

/// How a service's instance is replaced.
extension PlanRequest {
    func way(of step: RolloutStep) -> (RolloutStep.Way, String?) {
        guard let spec = new(step.service), let before = old(step.service) else {
            return (.stopFirst, nil)
        }
        guard let listen = spec.listen else {
            guard let past = before.listen else { return (.stopFirst, nil) }
            return (.stopFirst, "it no longer listens on \(past)")
        }
        guard before.listen == listen else {
            let past = before.listen.map { "on \($0)" } ?? "on no socket of the agent's"
            return (.stopFirst, "it listens on \(listen), and until now \(past)")
        }
        let update = kind == .rollback ? spec.rollback : spec.update
        if update.order == .stopFirst {
            // The old one ends first all the same, and callers wait in a socket that it does not close.
            let key = kind == .rollback ? "rollback_config" : "update_config"
            return (.handOver, "its \(key) says stop-first")
        }
        let reason = obstacle(to: spec.healthCheck.probe, at: listen)
        return (reason == nil ? .canary : .handOver, reason)
    }

    /// Why the new instance cannot be asked while the old one serves users at the same address.
    private func obstacle(to probe: Probe, at listen: String) -> String? {
        if listen.hasPrefix("/") { return "a Unix socket's callers have no address to choose by" }
        guard let place = HostAndPort(listen) else {
            return "'\(listen)' is no IPv4 address and port"
        }
        if place.isIPv6 { return "IPv6 has no second loopback address" }
        if !place.host.hasPrefix("127.") {
            return "probes can be told from users on loopback only: it listens on \(place.host)"
        }
        if !canSteer { return "the kernel does not let the agent choose who gets a connection" }
        switch probe {
        case .none, .notify: return nil
        case .http(let url): return HostAndPort(url: url).elsewhere(than: place)
        case .tcp(let host, let port): return HostAndPort(host, port).elsewhere(than: place)
        case .exec, .shell:
            return
                "its health check is a command, which cannot be asked apart from the running instance"
        case .redis: return "its health check asks Redis, and not the new instance alone"
        case .postgres: return "its health check asks Postgres, and not the new instance alone"
        }
    }
}

private struct HostAndPort {
    let host: String
    let port: UInt16

    var isIPv6: Bool { host.contains(":") }

    init(_ host: String, _ port: UInt16) { (self.host, self.port) = (host, port) }

    /// `127.0.0.1:5001`, `[::1]:5001`
    init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        (self.host, self.port) = (String(host), port)
    }

    init(url: String) {
        let isSecure = url.hasPrefix("https://")
        let tail = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let authority = tail.prefix { !"/?#".contains($0) }
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
        let words = place ?? authority
        self = HostAndPort(words) ?? HostAndPort(String(words), isSecure ? 443 : 80)
    }

    func elsewhere(than listening: HostAndPort) -> String? {
        let isThere = host == "localhost" || host.hasPrefix("127.")
        guard port != listening.port || !isThere else { return nil }
        return "its health check asks \(host):\(port), not the address that it listens on"
    }
}
