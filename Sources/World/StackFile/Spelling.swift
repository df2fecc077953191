/// `, did you mean 'x'?` with the nearest of `candidates`; empty where none is near.
func suggestion(for word: String, among candidates: some Sequence<String>) -> String {
    let near = candidates.map { ($0, distance(word, $0)) }
        .filter { $0.1 <= 2 && $0.1 < min(word.utf8.count, $0.0.utf8.count) }
    // The name decides a tie, so that a set's order cannot.
    guard let best = near.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return "" }
    return ", did you mean '\(best.0)'?"
}

/// The suggestion, or all there is to choose from.
func suggestionOrChoices(for word: String, among choices: [String]) -> String {
    let near = suggestion(for: word, among: choices)
    return near.isEmpty ? ": must be " + alternatives(choices) : near
}

/// `'a', 'b' or 'c'`.
func alternatives(_ words: [String]) -> String {
    let quoted = words.map { "'\($0)'" }
    guard quoted.count > 1, let last = quoted.last else { return quoted.joined() }
    return quoted.dropLast().joined(separator: ", ") + " or " + last
}

/// Letters changed, added, dropped or swapped with their neighbour; upper and lower case are one.
private func distance(_ left: String, _ right: String) -> Int {
    let (a, b) = (Array(left.lowercased().utf8), Array(right.lowercased().utf8))
    // Long or far apart in length: never within the two that count.
    guard a.count <= 64, b.count <= 64, abs(a.count - b.count) <= 2 else { return .max }
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
        var row = [i + 1]
        for j in 0..<b.count {
            var best = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                best = min(best, rows[i - 1][j - 1] + 1)
            }
            row.append(best)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}
