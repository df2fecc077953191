/// Looks for secrets in a text that is to be saved. Rather one too many: what is suspected stays out, and is told.
enum SecretScan {
    /// Where the first is, in words; nil: there is none.
    static func finding(in bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            guard let what = secret(in: withoutVariables(line)) else { continue }
            return "line \(index + 1) seems to hold \(what)"
        }
        return nil
    }

    private static func secret(in line: String) -> String? {
        if line.contains("PRIVATE KEY-----") { return "a private key" }
        if hasKey(line) { return "an API key" }
        if hasPassword(line) { return "a URL's password" }
        return hasAssignment(line) ? "a secret" : nil
    }

    /// `catalyst_` and 32 hexadecimal digits.
    private static func hasKey(_ line: String) -> Bool {
        line.ranges(of: "catalyst_").contains { range in
            line[range.upperBound...].prefix { $0.isASCII && $0.isHexDigit }.count >= 32
        }
    }

    private static func hasPassword(_ line: String) -> Bool {
        line.ranges(of: "://").contains { range in
            let authority = line[range.upperBound...].prefix { !" \t/?#\"'`".contains($0) }
            guard let at = authority.lastIndex(of: "@"),
                let colon = authority[..<at].firstIndex(of: ":")
            else { return false }
            let password = authority[authority.index(after: colon)..<at]
            // As in an example.
            let isExample = line.drop { $0 == " " }.hasPrefix("#") && password == "password"
            return !password.isEmpty && !isExample
        }
    }

    /// `API_TOKEN=…`, `API_TOKEN: …`; not a path to where it is.
    private static func hasAssignment(_ line: String) -> Bool {
        for mark in line.indices where line[mark] == "=" || line[mark] == ":" {
            let before = line[..<mark].reversed().drop { "\"' ".contains($0) }
            let name = String(
                before.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
                    .reversed())
            guard names.contains(where: name.contains) else { continue }
            let value = line[line.index(after: mark)...].drop { " \t\"'".contains($0) }
            if let first = value.first, !"/#,}]".contains(first) { return true }
        }
        return false
    }

    private static let names = ["PASS", "SECRET", "TOKEN", "_KEY", "KEY_", "CREDENTIAL"]

    /// `${NAME}`, `$NAME`, `${NAME:?words}` name a secret and are none; what stands in for one, as in
    /// `${NAME:-value}`, stays.
    private static func withoutVariables(_ line: Substring) -> String {
        var output = ""
        var rest = line
        while let dollar = rest.firstIndex(of: "$") {
            output += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            let isBraced = rest.first == "{"
            if isBraced { rest = rest.dropFirst() }
            rest = rest.drop { $0.isLetter || $0.isNumber || $0 == "_" }
            guard isBraced else { continue }
            if rest.hasPrefix(":?") || rest.hasPrefix("?") { rest = rest.drop { $0 != "}" } }
            if rest.hasPrefix("}") { rest = rest.dropFirst() }
        }
        return output + rest
    }
}
