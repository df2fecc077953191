/// Compose's variables in values: `$NAME`, `${NAME}`, `${NAME:-default}` and their kin, `$$`.
struct Interpolation {
    var variables: [String: String]

    /// Why a value has none. Names variables, never what they hold.
    enum Flaw: Hashable {
        case missing(String)
        case required(String, String)
        case malformed
        case tooDeep
        case tooLong
    }

    func expand(_ text: String) -> (text: String, flaws: [Flaw]) {
        guard text.utf8.contains(UInt8(ascii: "$")) else {
            return (text, text.utf8.count > Limits.valueBytesMax ? [.tooLong] : [])
        }
        var scanner = Scanner(bytes: Array(text.utf8), variables: variables)
        let bytes = scanner.expand(depth: 0, isWanted: true)
        if bytes.count > Limits.valueBytesMax { scanner.flaws.append(.tooLong) }
        return (String(decoding: bytes, as: UTF8.self), scanner.flaws)
    }
}

extension Interpolation.Flaw: CustomStringConvertible {
    var description: String {
        switch self {
        case .missing(let name):
            "missing variable '\(name)': set it in .env, or write '${\(name):-}' for none"
        case .required(let name, let message):
            "missing variable '\(name)'" + (message.isEmpty ? "" : ": \(message)")
        case .malformed: "a '$' that starts no variable: write '$$' for a dollar sign"
        case .tooDeep: "variables nested deeper than \(Limits.variableDepthMax) levels"
        case .tooLong: "is longer than \(Limits.valueBytesMax) bytes, which no process can be given"
        }
    }
}

private struct Scanner {
    let bytes: [UInt8]
    let variables: [String: String]
    var position = 0
    var flaws: [Interpolation.Flaw] = []

    /// Up to the end, or to the `}` that closes the default it is in.
    mutating func expand(depth: Int, isWanted: Bool) -> [UInt8] {
        var output: [UInt8] = []
        while let byte = peek() {
            if byte == UInt8(ascii: "}"), depth > 0 { break }
            position += 1
            if byte != UInt8(ascii: "$") {
                if isWanted { output.append(byte) }
                continue
            }
            let value = variable(depth: depth, isWanted: isWanted)
            guard output.count + value.count <= Limits.valueBytesMax else {
                flaw(.tooLong, if: isWanted)
                position = bytes.count
                break
            }
            output += value
        }
        return output
    }

    private mutating func variable(depth: Int, isWanted: Bool) -> [UInt8] {
        if skip("$") { return isWanted ? [UInt8(ascii: "$")] : [] }
        guard skip("{") else {
            guard let name = name() else { return malformed() }
            return isWanted ? value(of: name) : []
        }
        guard depth < Limits.variableDepthMax else {
            flaw(.tooDeep, if: true)
            position = bytes.count
            return []
        }
        guard let name = name() else { return malformed() }
        let result = skip("}") ? (isWanted ? value(of: name) : []) : nil
        return result ?? choice(name, depth: depth + 1, isWanted: isWanted)
    }

    /// What follows the name in braces: `:-`, `-`, `:?`, `?`, `:+`, `+`.
    private mutating func choice(_ name: String, depth: Int, isWanted: Bool) -> [UInt8] {
        let emptyCounts = !skip(":")
        let known = variables[name].flatMap { $0.isEmpty && !emptyCounts ? nil : $0 }
        if skip("-") {
            let other = expand(depth: depth, isWanted: isWanted && known == nil)
            return close(known.map { isWanted ? Array($0.utf8) : [] } ?? other)
        }
        if skip("+") { return close(expand(depth: depth, isWanted: isWanted && known != nil)) }
        guard skip("?") else { return malformed() }
        let start = position
        _ = expand(depth: depth, isWanted: false)
        let message = String(decoding: bytes[start..<position], as: UTF8.self)
        flaw(.required(name, message), if: isWanted && known == nil)
        return close(known.map { isWanted ? Array($0.utf8) : [] } ?? [])
    }

    private mutating func close(_ value: [UInt8]) -> [UInt8] {
        skip("}") ? value : malformed()
    }

    private mutating func value(of name: String) -> [UInt8] {
        if let value = variables[name] { return Array(value.utf8) }
        flaw(.missing(name), if: true)
        return []
    }

    private mutating func malformed() -> [UInt8] {
        flaw(.malformed, if: true)
        return []
    }

    private mutating func flaw(_ flaw: Interpolation.Flaw, if isReal: Bool) {
        if isReal, !flaws.contains(flaw), flaws.count < 10 { flaws.append(flaw) }
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func name() -> String? {
        let start = position
        while let byte = peek(), byte.isNameByte, position > start || !byte.isDigit {
            position += 1
        }
        return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }
    var isNameByte: Bool { isLetter || isDigit || self == UInt8(ascii: "_") }
}
