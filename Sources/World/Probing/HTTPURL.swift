internal import FoundationEssentials

/// What an `http://` URL says: whom to ask, and for what.
struct HTTPURL: Equatable {
    /// A name or a numeric address, without brackets.
    let host: String
    let port: UInt16
    /// Path and query, as they go into the request line.
    let target: String
    /// The value of `Authorization`, where the URL has a user.
    let authorization: String?

    init(_ text: String) throws(HTTPURLError) {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), let bracketed = parts.host, !bracketed.isEmpty
        else { throw .malformed }
        if scheme == "https" { throw .unsupported }
        guard scheme == "http", let port = UInt16(exactly: parts.port ?? 80), port > 0 else {
            throw .malformed
        }
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
        return port == 80 ? name : "\(name):\(port)"
    }
}

/// Why a URL cannot be asked. The URL itself is not repeated: it may hold a password.
enum HTTPURLError: Error, CustomStringConvertible {
    case malformed
    case unsupported

    var description: String {
        switch self {
        case .malformed: "cannot read the URL: it is not of the form 'http://host:port/path'"
        case .unsupported:
            "https probes are not supported yet: probe the service itself, not its proxy"
        }
    }
}
