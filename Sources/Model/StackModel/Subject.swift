/// What a measure or an alert is about: a service, or a thing that several share.
package enum Subject: Hashable, Sendable {
    case service(ServiceName)
    case thing(Thing)

    package enum Thing: String, Sendable, CaseIterable {
        /// The server itself: its CPU, clock, network.
        case host
        /// The file system that logs and the ledger are on.
        case disk
        case memory
        /// The database of `StackSpec.database`.
        case postgres
        case certificate
        /// nginx, or whatever answers at `Watch.frontDoor`.
        case frontDoor = "front-door"
        case backup
        /// Of the whole droplet, made by its provider.
        case snapshot
        /// catalystd and its collector.
        case agent
    }
}

extension Subject: CustomStringConvertible, Codable, CodingKeyRepresentable {
    /// `scanner` for a service, `@postgres` for a thing: no service's name begins with `@`.
    package var description: String {
        switch self {
        case .service(let name): name.text
        case .thing(let thing): "@" + thing.rawValue
        }
    }

    package init?(_ text: String) {
        if text.hasPrefix("@") {
            guard let thing = Thing(rawValue: String(text.dropFirst())) else { return nil }
            self = .thing(thing)
        } else {
            self = .service(ServiceName(text))
        }
    }

    /// In a sentence: `scanner`, `the database`.
    package var words: String {
        switch self {
        case .service(let name): name.text
        case .thing(.host): "the host"
        case .thing(.disk): "the disk"
        case .thing(.memory): "the host's memory"
        case .thing(.postgres): "the database"
        case .thing(.certificate): "the certificate"
        case .thing(.frontDoor): "the front door"
        case .thing(.backup): "the backup"
        case .thing(.snapshot): "the droplet's snapshot"
        case .thing(.agent): "the agent"
        }
    }

    package var service: ServiceName? {
        if case .service(let name) = self { name } else { nil }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let subject = Subject(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no subject '\(text)'")
        }
        self = subject
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
    package var codingKey: any CodingKey { ServiceName(description).codingKey }
    package init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}

extension Subject: ExpressibleByStringLiteral {
    /// A thing that there is not is taken for a service of that name.
    package init(stringLiteral text: String) { self = Subject(text) ?? .service(ServiceName(text)) }
}

extension Subject: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}
