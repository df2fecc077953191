/// The whole stack, resolved: what `catalystctl config resolve` prints and catalystd reads.
package struct StackSpec: Equatable, Sendable, Codable {
    package var name: String
    /// In the file's order, which decides among services that can start at once.
    package var services: [ServiceSpec]
    package var rollout: RolloutPolicy = RolloutPolicy()
    /// Weekly windows without rollouts, such as `Mon-Fri 09:30-16:00 America/New_York`.
    package var freeze: [String] = []
    package var alerts: [String: JSONValue] = [:]
    package var host: HostPlan = HostPlan()
    /// What the reader of the files wants people to know, `file:line: …` each.
    package var warnings: [String] = []

    package init(name: String, services: [ServiceSpec]) {
        self.name = name
        self.services = services
    }
}

/// `x-catalyst.rollout`: carried for rollouts.
package struct RolloutPolicy: Equatable, Sendable, Codable {
    /// Empty: the reverse of the start order.
    package var order: [ServiceName] = []
    @Seconds package var soak: Duration = .seconds(10)
    package var failureAction: UpdatePolicy.FailureAction = .rollback

    package init() {}
}

/// `x-catalyst.host`: the plan that is paid for. Carried for capacity.
package struct HostPlan: Equatable, Sendable, Codable {
    package var cpus: Double?
    package var memory: ByteCount?
    package var disk: ByteCount?
    /// US dollars a month, by what they pay for.
    package var costs: [String: Double] = [:]

    package init() {}
}

/// Any JSON: for parts of the stack file whose reader comes later.
package indirect enum JSONValue: Equatable, Sendable, Codable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // Each `try?` asks "is it of this type?".
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
