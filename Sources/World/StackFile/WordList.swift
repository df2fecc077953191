/// Splits a command line as a shell would: quotes and backslashes only. Nil: a quote is open.
func words(of line: String) -> [String]? {
    var splitter = WordSplitter(rest: line.unicodeScalars[...])
    return splitter.words()
}

private struct WordSplitter {
    var rest: Substring.UnicodeScalarView
    private var finished: [String] = []
    private var word: String?

    init(rest: Substring.UnicodeScalarView) { self.rest = rest }

    mutating func words() -> [String]? {
        while let next = rest.popFirst() {
            switch next {
            case "'", "\"": guard quote(closedBy: next) else { return nil }
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                // A backslash before a newline continues the line.
                if escaped != "\n" { append(escaped) }
            case " ", "\t", "\n", "\r": finish()
            default: append(next)
            }
        }
        finish()
        return finished
    }

    private mutating func quote(closedBy mark: Unicode.Scalar) -> Bool {
        word = word ?? ""
        while let next = rest.popFirst() {
            if next == mark { return true }
            if next == "\\", mark == "\"", let escaped = rest.first,
                "\"\\$`".unicodeScalars.contains(escaped)
            {
                append(rest.removeFirst())
            } else {
                append(next)
            }
        }
        return false
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        word = word ?? ""
        word?.unicodeScalars.append(scalar)
    }

    private mutating func finish() {
        if let word { finished.append(word) }
        word = nil
    }
}
