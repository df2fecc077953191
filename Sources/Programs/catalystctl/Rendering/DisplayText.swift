/// `text` with escapes in place of whatever a terminal would act on or that would break a line.
func displayed(_ text: String, keepingTabs: Bool = false) -> String {
    let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) || (keepingTabs && $0 == 0x09) }
    if isPlain { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        if scalar == "\t", keepingTabs {
            result.unicodeScalars.append(scalar)
        } else if isActedOn(scalar) {
            result += escape(scalar)
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// Control characters, and those that turn or hide the text around them.
private func isActedOn(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E: return false
    case 0x200D: return false  // Joins emoji.
    default: break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return true
    default: return false  // Of Unicode's thirty categories only these act.
    }
}

private func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
        let digits = String(scalar.value, radix: 16)
        return scalar.value < 0x100
            ? "\\x" + String(repeating: "0", count: 2 - digits.count) + digits : "\\u{\(digits)}"
    }
}

extension String {
    /// How many cells of a terminal it takes, control characters not counted on.
    var cellCount: Int {
        utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + $1.cellCount }
    }

    /// Cut to `cells`, the cut shown by `…`.
    func shortened(to cells: Int) -> String {
        if cellCount <= cells { return self }
        if cells < 1 { return "" }
        var result = ""
        var used = 0
        for character in self {
            guard used + character.cellCount < cells else { break }
            used += character.cellCount
            result.append(character)
        }
        return result + "…"
    }

    func padded(to cells: Int, _ alignment: Alignment = .left) -> String {
        let padding = String(repeating: " ", count: max(0, cells - cellCount))
        return alignment == .left ? self + padding : padding + self
    }

    /// Broken at spaces into lines of at most `cells`; a longer word is broken anywhere.
    func wrapped(to cells: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for var word in split(separator: " ").map(String.init) {
            if !line.isEmpty, line.cellCount + 1 + word.cellCount > cells {
                lines.append(line)
                line = ""
            }
            while word.cellCount > max(cells, 2) {
                let head = String(word.shortened(to: max(cells, 2)).dropLast())
                lines.append(head)
                word = String(word.dropFirst(head.count))
            }
            line += line.isEmpty ? word : " " + word
        }
        return lines + [line]
    }
}

enum Alignment { case left, right }

extension Character {
    /// 2 for East Asian wide characters and emoji, 0 for a lone combining mark, otherwise 1.
    var cellCount: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case ..<0x300: return 1
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: return 1  // Every other category has a width.
        }
    }
}
