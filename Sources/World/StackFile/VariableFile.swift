/// `.env` and `env_file`: a `NAME=value` a line, as Compose reads them.
struct VariableFile {
    enum Syntax {
        /// Quotes, escapes, comments and variables mean something.
        case full
        /// All behind `=` is the value.
        case raw
    }

    /// In the file's order. A value is nil where only the name is given.
    private(set) var variables: [(name: String, value: String?)] = []

    /// Nil, and an error in `findings`, where it is not fit to be read.
    /// `known` is what its values may refer to, besides what stands above them.
    static func read(
        _ path: String, shownAs name: String, syntax: Syntax, known: [String: String],
        findings: Findings
    ) throws(FileError) -> VariableFile? {
        let file = try TextFile.read(path)
        let place = findings.register(file: name)
        findings.variableFiles.insert(absolutePath(path))
        if let exposure = file.exposure(path: name) {
            findings.error(place, nil, exposure)
            return nil
        }
        return VariableFile(
            file.bytes, place: place, syntax: syntax, known: known, findings: findings)
    }

    /// Nil, and an error in `findings`, where it is no text.
    init?(
        _ bytes: [UInt8], place: Place, syntax: Syntax, known: [String: String], findings: Findings
    ) {
        guard isText(bytes, place: place, findings: findings) else { return nil }
        var reader = VariableReader(
            bytes: bytes, file: place, interpolation: Interpolation(variables: known),
            findings: findings)
        variables = reader.variables(syntax)
    }
}

/// Whether `bytes` are UTF-8 without control characters; tells the line where not.
func isText(_ bytes: [UInt8], place: Place, findings: Findings) -> Bool {
    var line = 1
    for byte in bytes {
        if byte == UInt8(ascii: "\n") { line += 1 }
        if byte >= 32 || byte == 9 || byte == 10 || byte == 13 { continue }
        let here = Place(file: place.file, line: line)
        findings.error(here, nil, "holds the control character \(byte): it is not a text file")
        return false
    }
    if String(validating: bytes, as: UTF8.self) != nil { return true }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let bad = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
    findings.error(Place(file: place.file, line: bad + 1), nil, "is not UTF-8 text")
    return false
}

private struct VariableReader {
    let bytes: [UInt8]
    let file: Place
    var interpolation: Interpolation
    let findings: Findings
    private var position = 0
    private var line = 1
    private var found: [(name: String, value: String?)] = []

    init(bytes: [UInt8], file: Place, interpolation: Interpolation, findings: Findings) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        self.bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(3)) : bytes
        self.file = file
        self.interpolation = interpolation
        self.findings = findings
    }

    mutating func variables(
        _ syntax: VariableFile.Syntax
    ) -> [(name: String, value: String?)] {
        while position < bytes.count {
            skipBlanks()
            if let byte = peek(), !isNewline(byte), byte != UInt8(ascii: "#") {
                variable(syntax)
            }
            _ = restOfLine()
        }
        return found
    }

    private mutating func variable(_ syntax: VariableFile.Syntax) {
        if bytes[position...].starts(with: "export ".utf8) {
            position += 7
            skipBlanks()
        }
        let start = position
        while let byte = peek(), byte.isNameByte || ".-".utf8.contains(byte) { position += 1 }
        let name = String(decoding: bytes[start..<position], as: UTF8.self)
        skipBlanks()
        guard !name.isEmpty, !bytes[start].isDigit else { return fail(nil, "is no 'NAME=value'") }
        guard let next = peek(), !isNewline(next) else { return add(name, nil) }
        guard next == UInt8(ascii: "=") else { return fail(name, "is not followed by '='") }
        position += 1
        switch syntax {
        case .raw: add(name, trimmedEnd(restOfLine(isConsumed: false)))
        case .full: fullValue(of: name)
        }
    }

    private mutating func fullValue(of name: String) {
        skipBlanks()
        let place = Place(file: file.file, line: line)
        let value: String
        switch peek() {
        case UInt8(ascii: "'"):
            guard let text = quoted() else { return fail(name, "has a quote that is not closed") }
            guard hasNothingMore(name) else { return }
            return add(name, text)
        case UInt8(ascii: "\""):
            guard let text = quoted() else { return fail(name, "has a quote that is not closed") }
            guard hasNothingMore(name) else { return }
            value = unescaped(text)
        default: value = withoutComment(restOfLine(isConsumed: false))
        }
        let (text, flaws) = interpolation.expand(value)
        for flaw in flaws { findings.error(place, name, flaw.description) }
        add(name, text)
    }

    private mutating func add(_ name: String, _ value: String?) {
        found.append((name, value))
        if interpolation.variables[name] == nil { interpolation.variables[name] = value }
    }

    /// What stands between two quotes, over several lines too. Nil: the second is missing.
    private mutating func quoted() -> String? {
        let quote = bytes[position]
        let (start, firstLine) = (position + 1, line)
        var end = start
        while end < bytes.count, bytes[end] != quote {
            if isNewline(bytes[end]) { line += 1 }
            end += bytes[end] == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"") ? 2 : 1
        }
        guard end < bytes.count else {
            line = firstLine
            return nil
        }
        position = end + 1
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    private mutating func hasNothingMore(_ name: String) -> Bool {
        skipBlanks()
        guard let byte = peek(), !isNewline(byte), byte != UInt8(ascii: "#") else { return true }
        fail(name, "goes on behind its closing quote")
        return false
    }

    private func fail(_ name: String?, _ message: String) {
        findings.error(Place(file: file.file, line: line), name, message)
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = peek(), byte == 32 || byte == 9 || byte == 13 { position += 1 }
    }

    /// Up to the newline, and past it where it is consumed.
    private mutating func restOfLine(isConsumed: Bool = true) -> String {
        let end = bytes[position...].firstIndex(where: isNewline) ?? bytes.count
        defer {
            position = isConsumed ? min(end + 1, bytes.count) : end
            if isConsumed { line += 1 }
        }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }
}

private func isNewline(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") }

private func trimmedEnd(_ text: String) -> String {
    var scalars = text.unicodeScalars[...]
    while let last = scalars.last, " \t\r".unicodeScalars.contains(last) { scalars.removeLast() }
    return String(scalars)
}

/// A comment begins with a `#` after a blank.
private func withoutComment(_ text: String) -> String {
    var previous: Unicode.Scalar = " "
    var end = text.unicodeScalars.startIndex
    for index in text.unicodeScalars.indices {
        let scalar = text.unicodeScalars[index]
        if scalar == "#", " \t".unicodeScalars.contains(previous) { break }
        previous = scalar
        end = text.unicodeScalars.index(after: index)
    }
    return trimmedEnd(String(text.unicodeScalars[..<end]))
}

/// `\n`, `\t`, `\"` and `\\` in double quotes; `\$` is a dollar sign that starts no variable.
private func unescaped(_ text: String) -> String {
    var output = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let next = rest.popFirst() {
        guard next == "\\", let escaped = rest.popFirst() else {
            output.append(next)
            continue
        }
        switch escaped {
        case "n": output.append("\n")
        case "r": output.append("\r")
        case "t": output.append("\t")
        case "$": output.append(contentsOf: "$$".unicodeScalars)
        case "\"", "\\": output.append(escaped)
        default: output.append(contentsOf: [next, escaped])
        }
    }
    return String(output)
}
