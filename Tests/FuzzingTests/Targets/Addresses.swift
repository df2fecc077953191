@testable import Postgres
@testable import Probing
@testable import Redis
@testable import Releases

/// URLs, which hold passwords: whatever is wrong with one, its password is never shown.
func fuzzAddresses(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes.filter { $0 != 0 }, as: UTF8.self)
    if let url = try? HTTPURL(text) {
        let isOneLine = !(url.target + url.authority).contains { $0.isNewline || $0 == " " }
        try promise(isOneLine, "'\(url.target)' would end the request line")
        try promise(url.port > 0, "port 0")
    }
    if let url = try? RedisURL(text) { try promise(url.database >= 0, "database below 0") }
    if let url = try? PostgresURL(text) {
        for secret in url.secrets {
            let shown = url.redacted("failed: \(secret).")
            try promise(
                !shown.contains(secret) || "failed: •••.".contains(secret), "shown: \(shown)")
        }
    }
    let git = GitURL(text)
    try promise(GitURL(git.shown).password == nil, "shown: \(git.shown)")
}
