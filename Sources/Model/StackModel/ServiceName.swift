/// The name of a service in the stack file: letters, digits, `-`, `_` and `.`, at most 64 of them.
package struct ServiceName: Hashable, Sendable {
    package let text: String

    /// Takes any text: `StackFile` has refused the bad ones before.
    package init(_ text: String) { self.text = text }

    /// Whether `text` may name a service. It becomes part of file names, so no `/` and no leading dot.
    package static func isValid(_ text: String) -> Bool {
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        return allowed && !text.isEmpty && text.utf8.count <= 64
            && text.utf8.first != UInt8(ascii: ".")
            && text.utf8.first != UInt8(ascii: "-")
    }
}

extension ServiceName: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

extension ServiceName: CustomStringConvertible, ExpressibleByStringLiteral {
    package var description: String { text }
    package init(stringLiteral text: String) { self.init(text) }
}

extension ServiceName: Codable, CodingKeyRepresentable {
    package init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
    package var codingKey: any CodingKey { Key(stringValue: text) }
    package init?(codingKey: some CodingKey) { text = codingKey.stringValue }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
