/// How and how often a service is asked whether it is well. Names and meaning are Compose's.
package struct HealthCheck: Equatable, Sendable, Codable {
    package var probe: Probe
    @Seconds package var interval: Duration = .seconds(30)
    @Seconds package var timeout: Duration = .seconds(30)
    /// Consecutive failures that make an instance unhealthy. At least 1.
    package var retries: Int = 3
    /// Consecutive successes that make an unhealthy instance healthy again. At least 1.
    package var successes: Int = 1
    /// Failures within this time from the start of an instance do not count.
    @Seconds package var startPeriod: Duration = .zero
    /// Between probes until the first success.
    @Seconds package var startInterval: Duration = .milliseconds(100)

    package init(_ probe: Probe) { self.probe = probe }

    package static let none = HealthCheck(.none)

    /// The longest that an instance may take to become healthy: after it, `retries` failures are certain.
    package var startLimit: Duration { startPeriod + interval * retries + timeout }

    /// The longest that a hang can go unnoticed.
    package var detectionBound: Duration { interval * retries + timeout }
}

/// One question to an instance.
package enum Probe: Equatable, Sendable {
    case none
    /// 200…299 with an acceptable body.
    case http(url: String)
    /// The connection is accepted.
    case tcp(host: String, port: UInt16)
    /// `PING`. The URL (`redis://`, `rediss://`) may hold a password.
    case redis(url: String)
    /// `SELECT 1`. The URL may hold a password.
    case postgres(url: String)
    /// Exit 0, run as the service's user in its environment.
    case exec([String])
    /// The same through `/bin/sh -c`.
    case shell(String)
    /// The service says so itself: sd_notify(3).
    case notify
}

extension Probe: Codable {
    /// In JSON it is the list that the stack file has: `["HTTP", "http://…"]`.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let test = try container.decode([String].self)
        guard let probe = Probe(test: test) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no such probe")
        }
        self = probe
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(test)
    }

    /// Reads the form of `healthcheck.test`; nil where it is none.
    package init?(test: [String]) {
        guard let kind = test.first else { return nil }
        let arguments = Array(test.dropFirst())
        switch (kind, arguments.count) {
        case ("NONE", 0): self = .none
        case ("NOTIFY", 0): self = .notify
        case ("HTTP", 1): self = .http(url: arguments[0])
        case ("REDIS", 1): self = .redis(url: arguments[0])
        case ("POSTGRES", 1): self = .postgres(url: arguments[0])
        case ("CMD", 1...): self = .exec(arguments)
        case ("CMD-SHELL", 1): self = .shell(arguments[0])
        case ("TCP", 1):
            guard let colon = arguments[0].lastIndex(of: ":"),
                let port = UInt16(arguments[0][arguments[0].index(after: colon)...]), port > 0
            else { return nil }
            var host = String(arguments[0][..<colon])
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = String(host.dropFirst().dropLast())
            }
            guard !host.isEmpty else { return nil }
            self = .tcp(host: host, port: port)
        default: return nil
        }
    }

    package var test: [String] {
        switch self {
        case .none: ["NONE"]
        case .http(let url): ["HTTP", url]
        case .tcp(let host, let port):
            ["TCP", host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"]
        case .redis(let url): ["REDIS", url]
        case .postgres(let url): ["POSTGRES", url]
        case .exec(let command): ["CMD"] + command
        case .shell(let line): ["CMD-SHELL", line]
        case .notify: ["NOTIFY"]
        }
    }
}

/// What the body of `/health` must say beyond `status`. Nil: not looked at.
package struct Contract: Equatable, Sendable, Codable {
    package var service: String?
    package var schema: String?
    package var version: String?
    /// How old `timestamp` may be.
    @Seconds package var freshness: Duration = .zero

    package init() {}
}
