internal import CPostgres
internal import Glibc

/// Where a database is and how to get in, as libpq reads it. Does not show its password.
package struct PostgresURL: Sendable {
    let text: String
    /// What must not be in any message.
    let secrets: [String]
    /// Whether it asks for encryption, so that there is no connection without.
    package let wantsEncryption: Bool
    /// `host:port/database`, for people.
    package let place: String
    package let user: String?

    package init(_ text: String) throws(PostgresError) {
        let options = try options(in: text, loaded.get())
        self.text = text
        secrets = ["password", "sslpassword"].compactMap { options[$0] }.filter { !$0.isEmpty }
        wantsEncryption = ["require", "verify-ca", "verify-full"].contains(options["sslmode"])
        user = options["user"]
        let port = options["port"].map { ":" + $0 } ?? ""
        let host = options["host"] ?? options["hostaddr"] ?? "the local socket"
        place = host + port + (options["dbname"].map { "/" + $0 } ?? "")
        // An unescaped '@' or '/' cuts a password in two, and libpq would tell the second half.
        let isCut = [options["host"], options["dbname"]].contains { $0?.contains("@") ?? false }
        let isNumber = (options["port"] ?? "").allSatisfy { "0123456789,".contains($0) }
        guard !isCut, isNumber else { throw .malformedURL }
    }

    /// `text` in one line, without the secrets.
    func redacted(_ text: String) -> String {
        let lines = text.split { $0.isNewline || $0 == "\t" }
        // libpq's guess at a refused connection's cause is no news.
        let line = lines.filter { !$0.hasPrefix("Is the server running") }.joined(separator: " ")
        return secrets.sorted { $0.utf8.count > $1.utf8.count }.reduce(line) { hide($1, in: $0) }
    }
}

/// libpq quotes a malformed URL in its message, so nothing of that message is kept.
private func options(
    in url: String, _ library: catalyst_libpq
) throws(PostgresError) -> [String: String] {
    var complaint: UnsafeMutablePointer<CChar>?
    guard let options = library.PQconninfoParse(url, &complaint) else {
        library.PQfreemem(complaint)
        throw .malformedURL
    }
    defer { library.PQconninfoFree(options) }
    var found: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
        if let value = option.pointee.val {
            found[String(cString: keyword)] = String(cString: value)
        }
        option += 1
    }
    return found
}

private func hide(_ secret: String, in text: String) -> String {
    var result = ""
    var rest = text[...]
    while let range = rest.firstRange(of: secret) {
        result += rest[..<range.lowerBound] + "•••"
        rest = rest[range.upperBound...]
    }
    return result + rest
}

/// libpq, loaded when it is first needed.
let loaded: Result<catalyst_libpq, PostgresError> = {
    var table = catalyst_libpq()
    guard let reason = catalyst_libpq_load(&table) else { return .success(table) }
    return .failure(.unable("cannot load libpq 14 or newer: \(String(cString: reason))"))
}()
