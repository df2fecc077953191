internal import StackModel

/// `catalystctl config diff`: what a reload would do, one line a service.
struct DifferencePage {
    let difference: StackDifference

    func lines(on terminal: Terminal) -> [String] {
        if difference.isEmpty {
            return ["a reload would change nothing (secrets are not compared)"]
        }
        let width = changed.map(\.service.text.cellCount).max() ?? 0
        func line(
            _ verb: String, _ service: ServiceName, _ color: Terminal.Color?, _ keys: [String] = []
        ) -> String {
            let name = displayed(service.text).padded(to: keys.isEmpty ? 0 : width)
            let text = "  " + verb.padded(to: 9) + name + (keys.isEmpty ? "" : "  " + list(keys))
            return terminal.paint(text.shortened(to: terminal.width), color)
        }
        var lines = ["a reload would (secrets are not compared):"]
        lines += difference.removed.map { line("stop", $0, .red) }
        lines += difference.restarted.map { line("restart", $0.service, .yellow, $0.keys) }
        lines += difference.added.map { line("start", $0, .green) }
        lines += difference.adjusted.map { line("adjust", $0.service, nil, $0.keys) }
        if !difference.keys.isEmpty {
            lines.append(
                "  change   the stack's \(list(difference.keys))".shortened(to: terminal.width))
        }
        return lines
    }

    private var changed: [StackDifference.Change] { difference.restarted + difference.adjusted }

    private func list(_ keys: [String]) -> String { displayed(keys.joined(separator: ", ")) }
}
