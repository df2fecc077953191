/// A value of the file, with the place where it is written.
struct Node {
    var place: Place
    var content: Content
    /// `!override`: replaces what earlier files say, unmerged.
    var replacesAll = false
    /// Nodes in it with aliases followed; see `Limits.weightMax`.
    var weight = 1
    /// Levels below this one.
    var height = 0

    indirect enum Content {
        case null
        /// Complained about before: readers skip it without another word.
        case broken
        /// `!reset`: what earlier files say is taken back.
        case reset
        case scalar(Scalar)
        case list([Node])
        case mapping([Entry])
    }
}

/// One `key: value`.
struct Entry {
    var key: String
    var place: Place
    var value: Node
}

struct Scalar {
    /// With its variables replaced: may be secret.
    var text: String
    /// As it stands in the file: what messages may show.
    var written: String
    /// Without quotes, so that `5` is a number and `no` a Boolean.
    var isPlain: Bool
}

extension Node {
    var isBroken: Bool { if case .broken = content { true } else { false } }
    var isReset: Bool { if case .reset = content { true } else { false } }
    var isNull: Bool { if case .null = content { true } else { false } }
    var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
    var list: [Node]? { if case .list(let list) = content { list } else { nil } }
    var mapping: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }

    /// `a list`, for "must be a mapping, is a list".
    var kind: String {
        switch content {
        case .null, .broken, .reset: "empty"
        case .scalar: "a plain value"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The same for all that say the same, wherever they stand.
    var meaning: String {
        switch content {
        case .null, .broken, .reset: "~"
        case .scalar(let scalar): "'\(scalar.text)'"
        case .list(let list): "[" + list.map(\.meaning).joined(separator: ",") + "]"
        case .mapping(let entries):
            "{" + entries.map { "'\($0.key)':" + $0.value.meaning }.joined(separator: ",") + "}"
        }
    }
}

extension Scalar {
    /// In quotes and short, fit for a message.
    var quoted: String { excerpt(written) }
}

/// `text` in quotes, without control characters, cut where it gets long.
func excerpt(_ text: String) -> String {
    let shown = String(
        String.UnicodeScalarView(
            text.unicodeScalars.prefix(60).map { $0.value < 32 || $0.value == 127 ? "�" : $0 }))
    return text.unicodeScalars.count > 60 ? "'\(shown)…'" : "'\(shown)'"
}
