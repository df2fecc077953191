internal import StackModel

/// Titles with their values, in two columns.
struct Facts {
    private var pairs: [(title: String, value: String)] = []

    /// Nothing is added where there is no value.
    mutating func add(_ title: String, _ value: String?) {
        if let value, !value.isEmpty { pairs.append((title, value)) }
    }

    func lines(on terminal: Terminal) -> [String] {
        let width = pairs.reduce(0) { max($0, $1.title.cellCount) } + 2
        return pairs.flatMap { title, value in
            displayed(value).wrapped(to: max(20, terminal.width - width)).enumerated().map {
                index, line in
                terminal.paint((index == 0 ? title : "").padded(to: width), .dim) + line
            }
        }
    }
}

extension Facts {
    /// What was answered last.
    mutating func add(_ report: Report?, age: Duration? = nil) {
        guard let report else { return }
        add("last probe", report.words(age: age))
        add("it said", report.body)
    }
}

extension Report {
    /// `no answer in time (10.0s, 3s ago)`
    func words(age: Duration?) -> String {
        let result =
            switch outcome {
            case .healthy: "healthy"
            case .degraded(let reason): "degraded: \(reason)"
            case .failed(let failure): failure.description
            case .unknown(let reason): "could not be asked: \(reason)"
            }
        return
            "\(result) (\(humanLatency(latency))\(age.map { ", \(humanDuration($0)) ago" } ?? ""))"
    }
}

extension Terminal {
    /// A title with its lines below it; nothing where there are none.
    func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : [paint(title, .bold)] + lines.map { "  " + $0 }
    }

    /// What to type next. A command that is cut is worth nothing: rather it leaves out the socket.
    func next(_ words: String, program: String) -> String {
        let whole = "next: \(program) \(words)"
        let line = whole.cellCount <= width ? whole : "next: catalystctl \(words)"
        return paint("next:", .dim) + line.dropFirst("next:".count)
    }

    /// As many of `pieces` as fit into a line, the first at any rate.
    func line(of pieces: [Piece], separator: String = ", ") -> String {
        var line = ""
        var used = 0
        for (index, piece) in pieces.enumerated() {
            let gap = index > 0 && !pieces[index - 1].isTitle ? separator : ""
            let text = index == 0 ? piece.text.shortened(to: width) : piece.text
            guard used + gap.cellCount + text.cellCount <= width else { break }
            line += gap + paint(text, piece.color)
            used += gap.cellCount + text.cellCount
        }
        return line
    }

    /// A few words that stay together.
    struct Piece {
        let text: String
        let color: Color?
        /// What follows it is not separated from it.
        let isTitle: Bool

        init(_ text: String, _ color: Color? = nil, isTitle: Bool = false) {
            self.text = displayed(text)
            self.color = color
            self.isTitle = isTitle
        }
    }
}

/// What the agent advises, with the name by which this agent is asked.
func commands(_ suggestions: [String], program: String) -> [String] {
    suggestions.map { suggestion in
        let text = displayed(suggestion)
        return text.hasPrefix("catalystctl ") ? program + text.dropFirst("catalystctl".count) : text
    }
}
