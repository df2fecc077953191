internal import StackModel

/// What was asked for, in the words of the command line: for the record, so without secrets.
extension ControlRequest {
    /// Whether it changes anything: a plan does not.
    package var changes: Bool { command.changes && plan != true }

    package var words: String {
        var words = [command.rawValue]
        words += fault.map { [$0.rawValue] } ?? []
        words += services?.map(\.text) ?? []
        words += subjects?.map(\.words) ?? []
        words += source.map { [withoutPasswords($0).withoutToken] } ?? []
        words += [revision.map(withoutPasswords), release].compactMap(\.self)
        words += [alert, rollout].compactMap(\.self).map { "\($0)" }
        if let count { words.append("\(count)") }
        if let seconds { words.append("for \(Int64(exactly: seconds.rounded()) ?? .max) s") }
        if plan == true { words.append("(plan only)") }
        if overrideFreeze != nil { words.append("(in spite of the freeze)") }
        if let reason { words.append("because: \(withoutPasswords(reason))") }
        return words.joined(separator: " ").bounded
    }
}

extension String {
    /// Who fetches over HTTP without a password has a token for a name.
    fileprivate var withoutToken: String {
        guard hasPrefix("http"), let start = firstRange(of: "://")?.upperBound,
            let end = self[start...].prefix(while: { $0 != "/" }).lastIndex(of: "@"),
            !self[start..<end].contains(":")
        else { return self }
        return self[..<start] + "•••" + self[end...]
    }

    /// Names are the asker's: a record is no place for a book.
    fileprivate var bounded: String { count <= 400 ? self : "\(prefix(399))…" }
}
