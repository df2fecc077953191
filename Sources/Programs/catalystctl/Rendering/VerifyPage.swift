/// `catalystctl verify`: a criterion with what was looked at for it, and at last what they come to.
struct VerifyPage {
    let judgements: [Judgement]

    private static let titleWidth = Criterion.allCases.reduce(0) { max($0, $1.title.cellCount) }
    /// `✓ 1 ` and the title.
    private static let indent = titleWidth + 6

    static func lines(of judgement: Judgement, on terminal: Terminal) -> [String] {
        let title = judgement.criterion.title.padded(to: titleWidth)
        let head =
            "\(judgement.standing.mark(on: terminal)) \(judgement.criterion.number) \(title)  "
        let isWell = judgement.standing == .met
        let blocks =
            isWell
            ? wrapped(judgement.aspects.map(\.words).joined(separator: "; "), "", on: terminal)
            : judgement.aspects.flatMap { aspect in
                let mark =
                    judgement.aspects.count > 1 ? aspect.standing.mark(on: terminal) + " " : ""
                return wrapped(aspect.words, mark, on: terminal)
                    + (aspect.remedy.map { wrapped($0, terminal.paint("→ ", .dim), on: terminal) }
                        ?? [])
            }
        return blocks.enumerated().map { index, line in
            (index == 0 ? head : String(repeating: " ", count: indent)) + line
        }
    }

    /// The count, and what to do next.
    func ending(on terminal: Terminal) -> [String] {
        var words = "\(judgements.count(.met)) of \(judgements.count) met"
        let unmet = judgements.count(.unmet)
        let unchecked = judgements.count(.unchecked)
        if unmet > 0 { words += ", \(unmet) not" }
        if unchecked > 0 { words += ", \(unchecked) could not be checked" }
        var lines = ["", terminal.paint(words, .bold)]
        let worst = judgements.first { $0.standing == .unmet }
        if let remedy = worst?.remedy {
            lines += [terminal.paint("next:", .dim) + " " + displayed(remedy)]
        }
        return lines
    }

    /// `mark` takes two cells, or none.
    private static func wrapped(_ words: String, _ mark: String, on terminal: Terminal) -> [String]
    {
        let margin = mark.isEmpty ? 0 : 2
        let width = max(20, terminal.width - indent - margin)
        return displayed(words).wrapped(to: width).enumerated().map { index, line in
            (index == 0 ? mark : String(repeating: " ", count: margin)) + line
        }
    }
}

extension Aspect.Standing {
    func mark(on terminal: Terminal) -> String {
        switch self {
        case .met: terminal.paint("✓", .green)
        case .unchecked: terminal.paint("–", .yellow)
        case .unmet: terminal.paint("✗", .red)
        }
    }
}
