internal import StackModel

extension ServiceReader {
    mutating func readHealth() {
        guard let field = keys.take("healthcheck"), var section = field.section() else { return }
        var check = HealthCheck.none
        let least = Duration.milliseconds(1)
        check.interval = section.take("interval")?.duration(atLeast: least) ?? check.interval
        check.timeout = section.take("timeout")?.duration(atLeast: least) ?? check.timeout
        check.retries = section.take("retries")?.whole(1...1000) ?? check.retries
        check.startPeriod = section.take("start_period")?.duration() ?? check.startPeriod
        check.startInterval =
            section.take("start_interval")?.duration(atLeast: least) ?? check.startInterval
        let isDisabled = section.take("disable")?.flag() ?? false
        if let test = section.take("test") {
            let probe = probe(test)
            if !isDisabled, let probe { check.probe = probe }
        } else if !isDisabled {
            section.fail("has no 'test'")
        }
        section.finish()
        draft.spec.healthCheck = check
    }

    private mutating func probe(_ field: Field) -> Probe? {
        guard field.node.scalar == nil else { return shell(field) }
        guard let words = field.texts() else { return nil }
        guard let kind = words.first else {
            field.fail("is empty")
            return nil
        }
        guard let usage = usages.first(where: { $0.kind == kind })?.usage else {
            let written = field.node.list?.first?.scalar?.written ?? ""
            let near = suggestionOrChoices(for: written, among: usages.map(\.kind))
            field.fail("unknown kind of test \(excerpt(written))\(near)")
            return nil
        }
        guard let probe = Probe(test: words), isWellFormed(probe) else {
            field.fail("must be \(usage)")
            return nil
        }
        draft.claims += claims(of: probe, at: field.node.place)
        return probe
    }

    /// A plain string goes to the shell, as in Compose.
    private func shell(_ field: Field) -> Probe? {
        guard let line = field.text() else { return nil }
        guard line.isEmpty else { return .shell(line) }
        field.fail("is empty")
        return nil
    }

    private func isWellFormed(_ probe: Probe) -> Bool {
        switch probe {
        case .http(let url): ["http", "https"].contains(Endpoint(url: url)?.scheme)
        case .redis(let url): ["redis", "rediss"].contains(Endpoint(url: url)?.scheme)
        case .postgres(let url):
            ["postgres", "postgresql"].contains(Endpoint(url: url)?.scheme) || url.contains("=")
        case .exec(let command): command.first?.isEmpty == false
        case .shell(let line): !line.isEmpty
        case .none, .tcp, .notify: true
        }
    }

    /// The ports of this host that the probe asks: the service's own, as a rule.
    private func claims(of probe: Probe, at place: Place) -> [PortClaim] {
        switch probe {
        case .http(let url): claim(Endpoint(url: url), at: place, strength: .likely)
        case .tcp(let host, let port):
            claim(Endpoint(host: host, port: port), at: place, strength: .likely)
        case .redis(let url): claim(Endpoint(url: url), at: place, strength: .possible)
        case .exec(let command):
            claim(
                command.lazy.compactMap(Endpoint.init(url:)).first, at: place, strength: .possible)
        case .none, .postgres, .shell, .notify: []
        }
    }

    private func claim(
        _ endpoint: Endpoint?, at place: Place, strength: PortClaim.Strength
    ) -> [PortClaim] {
        guard let endpoint, endpoint.isThisHost, let port = endpoint.port else { return [] }
        return [
            PortClaim(
                port: Port(address: endpoint.address, number: port), place: place,
                key: "healthcheck.test", strength: strength)
        ]
    }
}

private let usages: [(kind: String, usage: String)] = [
    ("NONE", "[\"NONE\"]"),
    ("CMD", "[\"CMD\", program, argument …]"),
    ("CMD-SHELL", "[\"CMD-SHELL\", line]"),
    ("HTTP", "[\"HTTP\", \"http://127.0.0.1:5001/health\"]"),
    ("TCP", "[\"TCP\", \"127.0.0.1:5001\"]"),
    ("REDIS", "[\"REDIS\", \"redis://127.0.0.1:6379\"]"),
    ("POSTGRES", "[\"POSTGRES\", \"postgresql://user:password@host:port/database\"]"),
    ("NOTIFY", "[\"NOTIFY\"]"),
]
