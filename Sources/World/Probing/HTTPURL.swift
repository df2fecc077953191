internal import FoundationEssentials

/// What an `http://` or `https://` URL says: whom to ask, and for what.
struct HTTPURL: Equatable {
    /// A name or a numeric address, without brackets.
    let host: String
    let port: UInt16
    let isEncrypted: Bool
    /// Path and query, as they go into the request line.
    let target: String
    /// The value of `Authorization`, where the URL has a user.
    let authorization: String?

    init(_ text: String) throws(HTTPURLError) {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), let bracketed = parts.host, !bracketed.isEmpty
        else { throw .malformed }
        isEncrypted = scheme == "https"
        guard isEncrypted || scheme == "http",
            let port = UInt16(exactly: parts.port ?? (isEncrypted ? 443 : 80)), port > 0
        else { throw .malformed }
        host = bracketed.hasPrefix("[") ? String(bracketed.dropFirst().dropLast()) : bracketed
        self.port = port
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        target = path + (parts.percentEncodedQuery.map { "?" + $0 } ?? "")
        authorization = parts.user.map { user in
            "Basic " + Data("\(user):\(parts.password ?? "")".utf8).base64EncodedString()
        }
    }

    /// The value of `Host`.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isEncrypted ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Whether nobody can stand in between, so that a certificate proves nothing.
    var isLoopback: Bool {
        host == "::1" || host.lowercased() == "localhost"
            || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
    }
}

/// Why a URL cannot be asked. The URL itself is not repeated: it may hold a password.
enum HTTPURLError: Error, CustomStringConvertible {
    case malformed

    var description: String {
        "cannot read the URL: it is not of the form 'http://host:port/path' or 'https://…'"
    }
}
