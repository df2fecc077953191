internal import Glibc

/// Who a URL or `host:port` speaks to.
struct Endpoint: Equatable {
    var scheme: String = ""
    /// Lower case, without the brackets of IPv6.
    var host: String
    var port: UInt16?

    init(host: String, port: UInt16) {
        self.host = host.lowercased()
        self.port = port
    }

    /// Nil where it has no scheme, no host or no port that can be. A missing port is the scheme's.
    init?(url: String) {
        guard let colon = url.range(of: "://") else { return nil }
        scheme = url[..<colon.lowerBound].lowercased()
        let rest = url[colon.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let afterUser = authority.lastIndex(of: "@").map { authority.index(after: $0) }
        let address = authority[(afterUser ?? authority.startIndex)...]
        guard !url.contains(where: { $0.isWhitespace }), let split = splitAddress(address)
        else { return nil }
        host = split.host.lowercased()
        port = split.port ?? Self.usualPorts[scheme]
    }

    /// Takes `127.0.0.1:5001` and `[::1]:5001`: a numeric address and a port.
    init?(listening text: String) {
        guard let split = splitAddress(text[...]), let port = split.port else { return nil }
        let host = String(split.host)
        var bytes = in6_addr()
        guard inet_pton(host.contains(":") ? AF_INET6 : AF_INET, host, &bytes) == 1
        else { return nil }
        self.init(host: host, port: port)
    }

    var isThisHost: Bool { host == "localhost" || host.hasPrefix("127.") || host == "::1" }
    /// Numeric where the name is known.
    var address: String { host == "localhost" ? "127.0.0.1" : host }

    private static let usualPorts: [String: UInt16] = [
        "http": 80, "https": 443, "redis": 6379, "rediss": 6379, "postgres": 5432,
        "postgresql": 5432,
    ]
}

private func splitAddress(_ text: Substring) -> (host: Substring, port: UInt16?)? {
    var host = text
    var digits: Substring?
    if text.hasPrefix("[") {
        guard let end = text.lastIndex(of: "]") else { return nil }
        host = text[text.index(after: text.startIndex)..<end]
        let rest = text[text.index(after: end)...]
        guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
        digits = rest.isEmpty ? nil : rest.dropFirst()
    } else if let colon = text.lastIndex(of: ":") {
        host = text[..<colon]
        digits = text[text.index(after: colon)...]
    }
    guard !host.isEmpty, text.hasPrefix("[") || !host.contains(":") else { return nil }
    guard let digits else { return (host, nil) }
    guard digits.utf8.allSatisfy(\.isDigit), let port = UInt16(digits), port > 0
    else { return nil }
    return (host, port)
}

extension StringProtocol {
    fileprivate func range(of mark: String) -> (lowerBound: Index, upperBound: Index)? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(mark) {
                return (index, self.index(index, offsetBy: mark.count))
            }
            index = self.index(after: index)
        }
        return nil
    }
}
