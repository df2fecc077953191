internal import ControlProtocol
internal import StackModel

/// What keeps a service from being well, the worst first.
enum Concern: Int, Comparable, CaseIterable {
    case failed, unhealthy, waiting, degraded, blocked, held, down, stopping, starting, unknown

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    var word: String { self == .unknown ? "not known yet" : "\(self)" }

    /// Whether time alone will hardly mend it.
    var isTrouble: Bool { self <= .blocked }

    var symbol: String {
        switch self {
        case .failed, .unhealthy, .waiting: "✗"
        case .degraded, .blocked: "!"
        case .held, .down, .stopping, .starting, .unknown: "·"
        }
    }

    var color: Terminal.Color {
        switch self {
        case .failed, .unhealthy, .waiting: .red
        case .degraded, .blocked, .held, .down, .stopping, .starting, .unknown: .yellow
        }
    }
}

extension ServiceStatus {
    /// Nil: it is as the operator wants it.
    var concern: Concern? {
        switch state {
        case .down: wanted ? .down : nil
        case .held: .held
        case .starting: .starting
        case .stopping: .stopping
        case .waiting: .waiting
        case .failed: .failed
        case .completed: nil
        case .up:
            switch health {
            case .unhealthy: .unhealthy
            case .blocked: .blocked
            case .degraded: .degraded
            case .healthy: wanted ? nil : .stopping
            case .unknown: hasHealthCheck ? .unknown : nil
            }
        }
    }

    /// Wanted, and as it should be.
    var isWell: Bool { wanted && concern == nil }

    /// `unhealthy: no answer in time; restarting in 2s`
    func account(of concern: Concern, at time: Timestamp) -> String {
        var text = concern.word
        if let reason { text += ": " + reason }
        if let nextAttempt {
            let wait = humanWait(nextAttempt - time)
            text += state == .failed ? "; next try in \(wait)" : "; restarting in \(wait)"
        }
        return displayed(text)
    }

    private var reason: String? {
        if let problem { return problem }
        let names = blockedBy.map(\.words).joined(separator: ", ")
        if !names.isEmpty { return state == .held ? "waits for \(names)" : "because of \(names)" }
        return state == .waiting || state == .failed ? lastExit?.description : statusText
    }
}

extension StackStatus {
    /// Whether everything that is wanted is well, and something is.
    var isWell: Bool {
        let wanted = services.filter(\.wanted)
        return !wanted.isEmpty && services.allSatisfy { $0.concern == nil }
    }

    /// Services with something to say about them, the worst first.
    var concerns: [(service: ServiceStatus, concern: Concern)] {
        services.enumerated()
            .compactMap { index, service in service.concern.map { (index, service, $0) } }
            .sorted { ($0.2, $0.0) < ($1.2, $1.0) }
            .map { (service: $0.1, concern: $0.2) }
    }
}
