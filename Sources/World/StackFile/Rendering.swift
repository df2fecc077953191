package import StackModel

/// The resolved stack as a file that people read: defaults left out, secrets as `•••`.
package func render(_ stack: StackSpec) -> String { written(stack.redacted()) }

/// A stack file that is read as `stack` again; secrets and all.
func written(_ stack: StackSpec) -> String {
    let services = stack.services.map { ($0.name.text, $0.yaml) }
    let tree = YAML.mapping([
        ("name", .text(stack.name)), ("services", .mapping(services)), ("x-catalyst", stack.extras),
    ])
    return tree.lines(indentation: 0).joined(separator: "\n") + "\n"
}

/// Just enough of YAML to write a stack. Empty mappings and lists are left out.
indirect enum YAML {
    case mapping([(String, YAML)])
    /// In one line: `{soft: 1, hard: 2}`.
    case row([(String, YAML)])
    case list([YAML])
    /// In one line: `[a, b]`.
    case words([String])
    case text(String)
    /// A number, a Boolean, a duration: never quoted.
    case plain(String)
    case nothing

    static func optional<Value>(_ value: Value?, _ yaml: (Value) -> YAML) -> YAML {
        value.map(yaml) ?? .nothing
    }

    var isEmpty: Bool {
        switch self {
        case .mapping(let entries), .row(let entries): entries.allSatisfy(\.1.isEmpty)
        case .list(let items): items.isEmpty
        case .words(let words): words.isEmpty
        case .text, .plain: false
        case .nothing: true
        }
    }

    func lines(indentation: Int) -> [String] {
        let blanks = String(repeating: " ", count: indentation)
        switch self {
        case .mapping(let entries):
            return entries.filter { !$0.1.isEmpty }.flatMap { key, value in
                guard let inline = value.inline else {
                    return ["\(blanks)\(quoted(key)):"] + value.lines(indentation: indentation + 2)
                }
                return ["\(blanks)\(quoted(key)): \(inline)"]
            }
        case .list(let items):
            return items.flatMap { item in
                guard item.inline == nil else { return ["\(blanks)- \(item.inline ?? "")"] }
                var lines = item.lines(indentation: indentation + 2)
                if let first = lines.first {
                    lines[0] = "\(blanks)- " + first.dropFirst(indentation + 2)
                }
                return lines
            }
        case .row, .words, .text, .plain, .nothing: return [blanks + (inline ?? "")]
        }
    }

    private var inline: String? {
        switch self {
        case .mapping, .list: nil
        case .row(let entries):
            "{"
                + entries.filter { !$0.1.isEmpty }
                .map { "\(quoted($0)): \($1.inline ?? "~")" }.joined(separator: ", ") + "}"
        case .words(let words): "[" + words.map(quoted).joined(separator: ", ") + "]"
        case .text(let text): quoted(text)
        case .plain(let text): text
        case .nothing: "~"
        }
    }
}

/// Plain where YAML would read it as the same text, else in double quotes. `$` is doubled.
private func quoted(_ text: String) -> String {
    let first = text.utf8.first ?? 0
    let isPlain = first.isLetter || first == UInt8(ascii: "/") || text == "•••"
    let isHarmless = text.unicodeScalars.allSatisfy { scalar in
        scalar == "•"
            || UInt8(exactly: scalar.value).map { $0.isNameByte || "-./+@".utf8.contains($0) }
                ?? false
    }
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    if isPlain, isHarmless, !words.contains(text.lowercased()) { return text }
    var output = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": output += "\\" + String(scalar)
        case "\n": output += "\\n"
        case "\t": output += "\\t"
        case "$": output += "$$"
        case _
        where scalar.value < 32 || (127..<160).contains(scalar.value) || scalar == "\u{FEFF}":
            let digits = String(scalar.value, radix: 16)
            output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: output.unicodeScalars.append(scalar)
        }
    }
    return output + "\""
}
