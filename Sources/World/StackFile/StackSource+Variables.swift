extension StackSource {
    /// What the stack's files may refer to: `.env`, and over it the environment. The stack itself is
    /// not read, and need not be there.
    package func variables() -> (values: [String: String], errors: [Problem]) {
        guard let first = files.first else { return (environment, []) }
        let findings = Findings()
        let values = variables(in: Directory(of: first), of: first, findings)
        return (values, findings.sortedErrors)
    }

    /// Where `.env` is looked for.
    package var envFilePath: String {
        let first = files.first ?? ""
        let folder = first.lastIndex(of: "/").map { String(first[...$0]) } ?? ""
        return envFile ?? folder + ".env"
    }
}
