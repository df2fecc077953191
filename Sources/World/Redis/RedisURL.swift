internal import FoundationEssentials
internal import TLS

/// Where a Redis is and how to get in, from a `redis://` or `rediss://` URL as redis-py reads it.
package struct RedisURL: Equatable, Sendable {
    package let host: String
    package let port: UInt16
    let user: String?
    let password: String?
    let database: Int
    /// Nil: no TLS.
    let verification: Verification?

    package init(_ text: String) throws(RedisError) {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), scheme == "redis" || scheme == "rediss",
            let port = UInt16(exactly: parts.port ?? 6379), port > 0
        else { throw .malformedURL }
        let query = Dictionary(
            (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
        let number = query["db"] ?? String(parts.path.dropFirst())
        guard let database = number.isEmpty ? 0 : Int(number), database >= 0 else {
            throw .malformedURL
        }
        let host = parts.host ?? ""
        self.host =
            host.hasPrefix("[")
            ? String(host.dropFirst().dropLast()) : host.isEmpty ? "localhost" : host
        self.port = port
        user = Self.present(parts.user)
        password = Self.present(parts.password)
        self.database = database
        verification =
            scheme == "redis"
            ? nil : query["ssl_cert_reqs"]?.lowercased() == "none" ? Verification.none : .system
    }

    private static func present(_ text: String?) -> String? { text?.isEmpty == true ? nil : text }
}
