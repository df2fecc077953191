internal import StackModel

/// What was asked for, in the words of the command line: for the record, so without secrets.
extension ControlRequest {
    /// Whether it changes anything: a plan does not.
    package var changes: Bool { command.changes && plan != true }

    package var words: String {
        var words = [command.rawValue]
        words += services?.map(\.text) ?? []
        words += subjects?.map(\.words) ?? []
        words += source.map { [withoutPasswords($0)] } ?? []
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
    /// Names are the asker's: a record is no place for a book.
    fileprivate var bounded: String { count <= 400 ? self : "\(prefix(399))…" }
}
