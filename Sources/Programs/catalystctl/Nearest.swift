/// The candidate that `word` is most likely a misspelling of; nil where none is close.
func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().unicodeScalars)
    // Nobody mistypes a hundred letters; and the distance takes time by the square of them.
    guard !letters.isEmpty, letters.count <= 100 else { return nil }
    let closest =
        candidates
        .map { (name: $0, distance: distance(letters, Array($0.lowercased().unicodeScalars))) }
        .min { $0.distance < $1.distance }
    guard let closest, closest.distance <= max(1, letters.count / 3) else {
        let completions = candidates.filter { $0.hasPrefix(word) }
        return completions.count == 1 ? completions.first : nil
    }
    return closest.name
}

/// Insertions, deletions, substitutions and swaps of neighbours that make `left` into `right`.
private func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let substitution = last[column] + (left[row] == right[column] ? 0 : 1)
            var best = min(substitution, last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                best = min(best, beforeLast[column - 1] + 1)
            }
            current.append(best)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
