@testable import JSONLines
@testable import StackFile
@testable import StackModel

/// Stack files: a NUL stands between one and the next, which is merged over it.
func fuzzStack(_ bytes: [UInt8]) throws {
    let findings = Findings()
    guard let stack = stack(in: bytes, findings), findings.isClean else {
        return try promise(!findings.isClean, "there is no stack, and no error")
    }
    try fuzzCoding(StackSpec.self, try JSONLines.encode(stack))
    try fuzzRendering(stack)
}

/// `config resolve` shows what would be read again as the same.
private func fuzzRendering(_ stack: StackSpec) throws {
    let text = Array(render(stack).utf8)
    let findings = Findings()
    let plain = Interpolation(variables: [:])
    guard
        let tree = TreeReader.tree(
            of: text, file: findings.register(file: "rendered.yaml"), interpolation: plain,
            findings: findings)
    else {
        throw Broken(description: "what is rendered is no YAML: \(findings.sortedErrors.lines)")
    }
    _ = tree.meaning
}

private func stack(in bytes: [UInt8], _ findings: Findings) -> StackSpec? {
    let variables = ["NAME": "value", "EMPTY": "", "URL": "redis://:secret@localhost:6379/0"]
    let interpolation = Interpolation(variables: variables)
    var merged: Node?
    for (number, text) in bytes.split(separator: 0, maxSplits: 2).enumerated() {
        let place = findings.register(file: "/nonexistent/stack\(number).yaml")
        let text = Array(text)
        guard isText(text, place: place, findings: findings),
            let tree = TreeReader.tree(
                of: text, file: place, interpolation: interpolation, findings: findings)
        else { return nil }
        merged = merged.map { $0.merged(with: tree) } ?? tree
    }
    guard let merged else {
        findings.error(findings.register(file: "none"), nil, "is empty")
        return nil
    }
    let project = Project(
        directory: Directory(of: "/nonexistent/stack.yaml"), variables: variables,
        findings: findings)
    var reader = StackReader(project: project, profiles: ["*"])
    return reader.stack(from: merged)
}

/// `.env` and `env_file`, in both ways of reading them.
func fuzzVariables(_ bytes: [UInt8]) throws {
    for syntax in [VariableFile.Syntax.full, .raw] {
        let findings = Findings()
        let file = VariableFile(
            bytes, place: findings.register(file: ".env"), syntax: syntax,
            known: ["NAME": "value"], findings: findings)
        for (name, value) in file?.variables ?? [] {
            try promise(!name.isEmpty && !name.contains("="), "'\(name)' is no name")
            try promise(value?.utf8.contains(0) != true, "'\(name)' holds a NUL")
        }
    }
}

/// A value's variables.
func fuzzInterpolation(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    let variables = ["A": "1", "B": "", "LONG": String(repeating: "x", count: 1000)]
    let (expanded, flaws) = Interpolation(variables: variables).expand(text)
    if !text.utf8.contains(UInt8(ascii: "$")) {
        try promise(expanded == text, "a text without '$' has changed")
    }
    try promise(
        expanded.utf8.count <= Limits.valueBytesMax || !flaws.isEmpty, "longer than allowed")
    _ = flaws.map(\.description)
}
