internal import FoundationEssentials
package import StackModel

/// What a service says of itself in the body of its health answer. Pure: the answer goes in, the
/// outcome comes out.
package struct HealthBody: Equatable {
    var status: String?
    var service: String?
    var schema: String?
    var version: String?
    var timestamp: String?
    var database: String?
    var redis: String?

    /// What an HTTP answer means for `service`, asked at `now`.
    ///
    /// A 2xx without a JSON object, or without a `status` in it, is healthy: not every service has
    /// our contract.
    package static func outcome(
        httpStatus: Int, body: [UInt8], service: ServiceName, contract: Contract, now: Timestamp
    ) -> Report.Outcome {
        guard (200..<300).contains(httpStatus) else { return .failed(.httpStatus(httpStatus)) }
        guard let said = HealthBody(json: body) else {
            return contract == Contract()
                ? .healthy : .failed(.other("the body is not a JSON object"))
        }
        if let failure = said.breach(of: contract, by: service, now: now) {
            return .failed(failure)
        }
        return said.ownOutcome
    }

    /// Nil where `json` is not an object.
    init?(json: [UInt8]) {
        // Anything but an object is a plain service's answer, not an error.
        guard let decoded = try? JSONDecoder().decode(HealthBody.self, from: Data(json)) else {
            return nil
        }
        self = decoded
    }

    private var ownOutcome: Report.Outcome {
        guard let status else { return .healthy }
        switch status.lowercased() {
        case "healthy", "ok", "true": break
        case "degraded": return .degraded(troubles ?? "says its status is 'degraded'")
        default: return .failed(.status(status))
        }
        return troubles.map { .degraded($0) } ?? .healthy
    }

    /// `redis: disconnected`, where a dependency is said to be anything but fine.
    private var troubles: String? {
        let parts = [("database", database), ("redis", redis)]
        let bad = parts.compactMap { name, said -> String? in
            guard let said, !Self.fine.contains(said.lowercased()) else { return nil }
            return "\(name): \(said)"
        }
        return bad.isEmpty ? nil : bad.joined(separator: ", ")
    }

    private static let fine: Set<String> = [
        "connected", "ok", "healthy", "true", "disabled", "not configured",
    ]

    private func breach(
        of contract: Contract, by name: ServiceName, now: Timestamp
    ) -> Report.Failure? {
        if let expected = contract.service {
            guard service == expected else { return .wrongService(service ?? "") }
        } else if let service, !Self.names(service, name.text) {
            return .wrongService(service)
        }
        if let expected = contract.schema, schema != expected { return .wrongSchema(schema ?? "") }
        if let expected = contract.version, version != expected {
            return .wrongVersion(version ?? "")
        }
        guard contract.freshness > .zero else { return nil }
        guard let timestamp, let time = Timestamp(rfc3339: timestamp) else {
            return .other("the body has no timestamp in RFC 3339")
        }
        let age = now - time
        return age > contract.freshness || age < .zero - contract.freshness
            ? .stale(seconds: age.seconds) : nil
    }

    /// Whether `said` names `service`: as it is, or as a whole word of a longer name
    /// (`catalyst-scanner`).
    static func names(_ said: String, _ service: String) -> Bool {
        let said = words(of: said)
        let service = words(of: service)
        return contains(said, service) || contains(service, said)
    }

    private static func words(of name: String) -> [Substring.UTF8View] {
        name.lowercased().utf8.split { byte in
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: " ")
                || byte == UInt8(ascii: ".")
        }
    }

    private static func contains(_ long: [Substring.UTF8View], _ short: [Substring.UTF8View])
        -> Bool
    {
        guard !short.isEmpty, short.count <= long.count else { return false }
        return (0...long.count - short.count).contains { start in
            zip(long[start...], short).allSatisfy { $0.elementsEqual($1) }
        }
    }
}

extension HealthBody: Decodable {
    private enum Key: String, CodingKey {
        case status, service, schema, version, timestamp, database, redis
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func text(_ key: Key) -> String? {
            // A value of another type says nothing to us.
            if let text = try? container.decodeIfPresent(String.self, forKey: key) { return text }
            return (try? container.decodeIfPresent(Bool.self, forKey: key)).map(String.init)
        }
        status = text(.status)
        service = text(.service)
        schema = text(.schema)
        version = text(.version)
        timestamp = text(.timestamp)
        database = text(.database)
        redis = text(.redis)
    }
}
