extension StackSpec {
    /// For people and logs: whatever looks like a secret is `•••`.
    package func redacted() -> StackSpec {
        var copy = self
        copy.services = services.map { $0.redacted() }
        copy.alerts.onAlert = alerts.onAlert.map(withoutSecrets)
        copy.database = database.map(withoutPasswords)
        copy.watch.frontDoor = watch.frontDoor.map(withoutPasswords)
        copy.releases.repository = releases.repository.map(withoutPasswords)
        copy.releases.build = releases.build.map(withoutSecrets)
        copy.warnings = warnings.map(withoutPasswords)
        return copy
    }
}

extension ServiceSpec {
    /// For people and logs: whatever looks like a secret is `•••`.
    package func redacted() -> ServiceSpec {
        var copy = self
        copy.command = withoutSecrets(command)
        copy.environment = withoutSecrets(environment)
        copy.labels = withoutSecrets(labels)
        copy.hold?.command = withoutSecrets(hold?.command ?? [])
        copy.healthCheck.probe = healthCheck.probe.redacted()
        copy.hooks.preStart = hooks.preStart.map { $0.redacted() }
        copy.hooks.postStart = hooks.postStart.map { $0.redacted() }
        copy.hooks.preStop = hooks.preStop.map { $0.redacted() }
        return copy
    }
}

extension Probe {
    /// Where it may hold a URL.
    fileprivate var words: [String] {
        switch self {
        case .http(let url), .redis(let url), .postgres(let url): [url]
        case .exec(let command): command
        case .shell(let line): [line]
        case .none, .tcp, .notify: []
        }
    }

    package func redacted() -> Probe {
        switch self {
        case .http(let url): .http(url: withoutPasswords(url))
        case .redis(let url): .redis(url: withoutPasswords(url))
        case .postgres(let url): .postgres(url: withoutPasswords(url))
        case .exec(let command): .exec(withoutSecrets(command))
        case .shell(let line): .shell(withoutSecrets(line.split(separator: " ")))
        case .none, .tcp, .notify: self
        }
    }
}

extension Hooks.Hook {
    fileprivate func redacted() -> Hooks.Hook {
        var copy = self
        copy.command = withoutSecrets(command)
        copy.environment = withoutSecrets(environment)
        return copy
    }
}

private let mask = "•••"

/// Takes what a stack file holds secret out of what services say.
package struct SecretMask: Sendable {
    private let secrets: [String]

    /// What is shorter may stand anywhere by chance.
    private static let lengthMin = 6

    package init(_ service: ServiceSpec) {
        let values = service.environment.flatMap { name, value in
            isSecretName(name) ? [value] : passwords(in: value)
        }
        let urls = service.command + service.healthCheck.probe.words
        secrets = Set(values + urls.flatMap(passwords)).filter { $0.utf8.count >= Self.lengthMin }
            .sorted { $0.utf8.count > $1.utf8.count }
    }

    /// `text` without secrets, and without passwords in URLs whosever they are.
    package func hidden(in text: String) -> String {
        var text = withoutPasswords(text)
        for secret in secrets where text.hasText(secret) { text = replacing(secret, in: text) }
        return text
    }

    /// What was answered, without secrets.
    package func hidden(in report: Report) -> Report {
        var report = report
        let body = report.body
        report.body = body.map(hidden)
        switch report.outcome {
        case .degraded(let words): report.outcome = .degraded(hidden(in: words))
        case .unknown(let words): report.outcome = .unknown(hidden(in: words))
        case .failed(.status(let words)): report.outcome = .failed(.status(hidden(in: words)))
        case .failed(.other(let words)): report.outcome = .failed(.other(hidden(in: words)))
        case .healthy, .failed: break
        }
        return report
    }

    private func replacing(_ secret: String, in text: String) -> String {
        var output = ""
        var rest = text[...]
        while let end = rest.indexAfter(secret) {
            output += rest[..<end].dropLast(secret.count) + mask
            rest = rest[end...]
        }
        return output + rest
    }
}

/// Of all URLs in `text`.
private func passwords(in text: String) -> [String] {
    var found: [String] = []
    var rest = text[...]
    while let mark = rest.indexAfter("://") {
        rest = rest[mark...]
        let authority = rest.prefix { !"/?# ".contains($0) }
        guard let at = authority.lastIndex(of: "@"),
            let colon = authority[..<at].firstIndex(of: ":")
        else { continue }
        found.append(String(authority[authority.index(after: colon)..<at]))
    }
    return found
}

/// Rather one too many: `KEYSPACE` is hidden, too.
private func isSecretName(_ name: some StringProtocol) -> Bool {
    let upper = name.uppercased()
    return ["PASS", "_PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH"].contains {
        upper.hasText($0)
    }
}

private func withoutSecrets(_ variables: [String: String]) -> [String: String] {
    Dictionary(
        uniqueKeysWithValues: variables.map { name, value in
            (name, isSecretName(name) && !value.isEmpty ? mask : withoutPasswords(value))
        })
}

/// Hides what follows `--requirepass`, `--token=` and their like; also in a line for a shell.
private func withoutSecrets(_ words: [String]) -> [String] {
    var isSecret = false
    return words.map { word in
        defer { isSecret = word.hasPrefix("-") && !word.hasText("=") && isSecretName(word) }
        if isSecret, !word.hasPrefix("-") { return mask }
        if let equals = word.firstIndex(of: "="), isSecretName(word[..<equals]),
            !word[..<equals].hasText(" ")
        {
            return word[...equals] + mask
        }
        guard word.hasText(" ") else { return withoutPasswords(word) }
        return withoutSecrets(word.split(separator: " ", omittingEmptySubsequences: false))
    }
}

private func withoutSecrets(_ words: [Substring]) -> String {
    withoutSecrets(words.map(String.init)).joined(separator: " ")
}

/// `postgresql://user:secret@host` as `postgresql://user:•••@host`, wherever it
/// stands in `text`; and `password=secret`, as libpq takes it.
package func withoutPasswords(_ text: String) -> String {
    guard text.hasText("://") || text.hasText("=") else { return text }
    return hidingAssignments(hidingUserPasswords(text))
}

private func hidingUserPasswords(_ text: String) -> String {
    var output = ""
    var rest = text[...]
    while let mark = rest.indexAfter("://") {
        let authority = rest[mark...].prefix { !" \t\n/?#\"'`".contains($0) }
        output += rest[..<mark]
        // The last `@` ends it: an unescaped one in the password shows nothing.
        if let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") {
            output += authority[...colon] + mask + authority[at...]
        } else {
            output += authority
        }
        rest = rest[authority.endIndex...]
    }
    return output + rest
}

private func hidingAssignments(_ text: String) -> String {
    var output = ""
    var rest = text[...]
    while let equals = rest.firstIndex(of: "=") {
        let name = rest[..<equals].reversed().prefix { $0.isLetter || $0 == "_" }
        output += rest[...equals]
        rest = rest[rest.index(after: equals)...]
        guard isSecretName(String(name.reversed())) else { continue }
        let end = rest.firstIndex { " \t\n&;".contains($0) } ?? rest.endIndex
        if end > rest.startIndex { output += mask }
        rest = rest[end...]
    }
    return output + rest
}

extension StringProtocol {
    fileprivate func hasText(_ mark: String) -> Bool { indexAfter(mark) != nil }

    fileprivate func indexAfter(_ mark: String) -> Index? {
        let wanted = Array(mark.utf8)
        guard let first = wanted.first else { return startIndex }
        var index = startIndex
        while let start = utf8[index...].firstIndex(of: first) {
            if utf8[start...].starts(with: wanted) {
                return utf8.index(start, offsetBy: wanted.count)
            }
            index = utf8.index(after: start)
        }
        return nil
    }
}
