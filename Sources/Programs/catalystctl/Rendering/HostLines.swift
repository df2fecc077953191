internal import ControlProtocol
internal import StackModel

/// What stands below the headline of `status` and `top`: maintenance, a rollout, the host, open alerts.
struct HostLines {
    let status: StackStatus

    func lines(on terminal: Terminal) -> [String] {
        [maintenance, rollout, host, alerts].compactMap { $0(terminal) }
    }

    private func rollout(on terminal: Terminal) -> String? {
        status.host.rollout.map { rollout in
            let words = "rollout \(rollout.id): \(rollout.title): \(rollout.standing)"
            return terminal.paint(
                displayed(words).shortened(to: terminal.width), rollout.state.color)
        }
    }

    private func maintenance(on terminal: Terminal) -> String? {
        status.host.maintenance.map {
            let words = displayed($0.words(now: status.time)).shortened(to: terminal.width)
            return terminal.paint(words, $0.color(now: status.time))
        }
    }

    private func host(on terminal: Terminal) -> String? {
        let pieces = hostPieces
        return pieces.isEmpty
            ? nil : terminal.line(of: [.init("host: ", .dim, isTitle: true)] + pieces)
    }

    private var hostPieces: [Terminal.Piece] {
        var pieces: [Terminal.Piece] = []
        for (word, metric) in [
            ("cpu", Metric.hostCPU), ("memory", .memoryUsed), ("disk", .diskUsed),
        ] {
            guard let value = reading(metric) else { continue }
            pieces.append(.init("\(word) \(percentage(value))", color(ofShare: value)))
        }
        if let load = reading(.load1) { pieces.append(.init("load \(humanCount(load))")) }
        if let inodes = reading(.inodesUsed), inodes >= Self.high {
            pieces.append(.init("inodes \(percentage(inodes))", .yellow))
        }
        return pieces + pressurePieces
    }

    private var pressurePieces: [Terminal.Piece] {
        let kinds: [(String, Metric)] = [
            ("cpu", .pressureCPU), ("memory", .pressureMemory), ("io", .pressureIO),
        ]
        let known = kinds.compactMap { word, metric in reading(metric).map { (word, $0) } }
        if known.isEmpty { return [] }
        let felt = known.filter { $0.1 >= 0.0005 }.map { "\($0) \(percentage($1))" }
        let color: Terminal.Color? = known.contains { $0.1 >= 0.5 } ? .yellow : nil
        return [.init("pressure " + (felt.isEmpty ? "none" : felt.joined(separator: " ")), color)]
    }

    /// The things' own, wherever the agent puts it; services have some of the same measures.
    private func reading(_ metric: Metric) -> Double? {
        let things: [Subject] = [.thing(.host), .thing(.memory), .thing(.disk)]
        return things.lazy.compactMap { status.host.readings[$0]?[metric] }.first
    }

    /// Above it the documented alerts fire.
    private static let high = 0.9

    private func color(ofShare share: Double) -> Terminal.Color? {
        share >= Self.high ? .yellow : nil
    }

    private func alerts(on terminal: Terminal) -> String? {
        let firing = status.firing
        guard let count = firing.count, let worst = firing.first else { return nil }
        let words = firing.map(\.title).joined(separator: "; ")
        let line = displayed("\(count): \(words)").shortened(to: terminal.width)
        return terminal.paint(line, worst.severity.color)
    }
}

extension StackStatus {
    /// The alerts that are told, the worst first.
    var firing: [Alert] { host.alerts.inOrder().filter { $0.state == .firing } }

    /// What the operator should know beside the services.
    var remarks: [String] {
        var remarks = notes
        if let outbox = host.outbox {
            if let problem = outbox.problem {
                remarks.append("\(outbox.waiting) records wait for the database: \(problem)")
            }
            if outbox.dropped > 0 {
                remarks.append("\(outbox.dropped) records for the database were thrown away")
            }
        }
        return remarks.map { "note: \($0)" } + host.limitations.map { "limited: \($0)" }
    }
}
