/// The names in a `.env` file.
enum VariableNames {
    static func all(in text: String) -> [String] { lines(of: text).map(\.name) }

    /// Those that have a value.
    static func given(in text: String) -> Set<String> {
        Set(lines(of: text).filter { !$0.isEmpty }.map(\.name))
    }

    private static func lines(of text: String) -> [(name: String, isEmpty: Bool)] {
        text.split(separator: "\n").compactMap { line in
            var rest = line.drop { " \t".contains($0) }
            if rest.hasPrefix("export ") { rest = rest.dropFirst("export ".count) }
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            let value = rest[name.endIndex...].drop { $0 == " " }
            guard let first = name.first, !first.isNumber, value.first == "=" else { return nil }
            let isEmpty = value.dropFirst().allSatisfy { " \t\r\"'".contains($0) }
            return (String(name), isEmpty)
        }
    }
}
