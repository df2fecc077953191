internal import ArgumentParser

/// The nine documented criteria of success, in their order.
enum Criterion: String, CaseIterable, Encodable, ExpressibleByArgument {
    case services, database, certificate, firewall, authentication, health, mcp, backups,
        monitoring

    var number: Int { (Self.allCases.firstIndex(of: self) ?? 0) + 1 }

    var title: String {
        switch self {
        case .authentication: "API key"
        case .health: "health checks"
        case .mcp: "MCP"
        default: rawValue
        }
    }
}
