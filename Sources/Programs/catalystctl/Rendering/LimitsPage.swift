internal import ControlProtocol

/// `catalystctl limits`: name and value, and below them the reason.
struct LimitsPage {
    let limits: [Limit]

    func lines(on terminal: Terminal) -> [String] {
        let width = limits.reduce(0) { max($0, displayed($1.name).cellCount) }
        return limits.flatMap { limit in
            let head = displayed(limit.name).padded(to: width) + "  " + displayed(limit.value)
            return [head.shortened(to: terminal.width)]
                + displayed(limit.reason).wrapped(to: terminal.width - 4).map { line in
                    "    " + terminal.paint(line, .dim)
                }
        }
    }
}
