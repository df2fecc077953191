import Monitoring
import StackModel
import TestSupport
import Testing

/// One moment of a story about alerts.
struct Step {
    enum Act {
        case event(AlertBook.Event)
        /// Nothing but the passing of time.
        case wait
        case clockJump(Duration)
        /// The agent dies, and the next one has only what was remembered.
        case restart
    }

    let seconds: Double
    let words: String
    let act: Act

    static func look(_ seconds: Double, _ findings: Finding...) -> Step {
        let words = findings.map { "\($0.subject) \($0.rule.rawValue) \($0.level)" }
        return Step(
            seconds: seconds, words: words.isEmpty ? "nothing" : words.joined(separator: ", "),
            act: .event(.found(findings)))
    }
    static func happens(_ seconds: Double, _ words: String, _ event: AlertBook.Event) -> Step {
        Step(seconds: seconds, words: words, act: .event(event))
    }
    static func until(_ seconds: Double) -> Step {
        Step(seconds: seconds, words: "", act: .wait)
    }
    static func jump(_ seconds: Double, by hours: Int) -> Step {
        Step(
            seconds: seconds, words: "clock jumps \(hours) h",
            act: .clockJump(.seconds(hours * 3600)))
    }
    static func restart(_ seconds: Double) -> Step {
        Step(seconds: seconds, words: "restart", act: .restart)
    }
}

/// Expects that alerts go as `transcript` says: a line an event, and a line a tick of which something
/// comes. What is told is in capitals; `#1 pending` alone is only remembered.
func expectAlerts(
    _ steps: [Step], settings: AlertSettings = AlertSettings(), _ transcript: String,
    at location: SourceLocation = #_sourceLocation
) {
    var keeper = Keeper(settings: settings)
    var rows: [[String]] = []
    for step in steps {
        let end = Moment.zero + .milliseconds(Int64(step.seconds * 1000))
        while let due = keeper.book.nextDue, due < end {
            let effects = keeper.receive(.ticked, at: due)
            rows.append([text(due), "", "→ \(words(effects))"])
            if keeper.book.nextDue.map({ $0 <= due }) == true {
                Issue.record("a tick changed nothing", sourceLocation: location)
                break
            }
        }
        switch step.act {
        case .wait: break
        case .event(let event):
            rows.append([text(end), step.words, "→ \(words(keeper.receive(event, at: end)))"])
        case .clockJump(let jump):
            keeper.offset += jump
            rows.append([text(end), step.words, "→ \(words(keeper.receive(.ticked, at: end)))"])
        case .restart:
            keeper.restart(at: end)
            rows.append([text(end), step.words])
        }
    }
    expectText(table(rows), transcript, at: location)
}

private func text(_ moment: Moment) -> String {
    let seconds = Double(moment.nanoseconds) / 1e9
    return seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
}

/// A book with what its ledger remembers.
struct Keeper {
    private(set) var book: AlertBook
    /// The open ones.
    private(set) var ledger: [Int64: Alert] = [:]
    var offset = Duration.seconds(1_790_000_000)
    var silences: [Silence] = []
    var maintenance: Maintenance?
    var settings: AlertSettings

    init(settings: AlertSettings) {
        self.settings = settings
        book = AlertBook(
            settings: settings, now: .zero, time: Timestamp(nanoseconds: offset.nanoseconds))
    }

    func time(_ now: Moment) -> Timestamp {
        Timestamp(nanoseconds: now.nanoseconds + offset.nanoseconds)
    }

    mutating func receive(_ event: AlertBook.Event, at now: Moment) -> [AlertBook.Effect] {
        switch event {
        case .silenced(let silence): silences.append(silence)
        case .unsilenced(let id): silences.removeAll { $0.id == id }
        case .maintenanceBegan(let begun): maintenance = begun
        case .maintenanceEnded: maintenance = nil
        case .adjusted(let settings): self.settings = settings
        default: break
        }
        let effects = book.receive(event, now: now, time: time(now))
        // What is over stays so, even if the clock goes back.
        silences = silences.filter { time(now) < $0.until }
        for effect in effects {
            switch effect {
            case .remember(let alert):
                ledger[alert.id] = alert.state == .resolved ? nil : alert
            case .forget(let id): ledger[id] = nil
            case .announce, .keep, .folded: break
            }
        }
        return effects
    }

    /// As a ledger gives it back: the next number is one that no alert ever had.
    mutating func restart(at now: Moment) {
        book = AlertBook(
            settings: settings, open: Array(ledger.values),
            silences: silences, maintenance: maintenance, nextID: book.nextID, now: now,
            time: time(now))
    }
}

private func words(_ effects: [AlertBook.Effect]) -> String {
    var words: [String] = []
    for (index, effect) in effects.enumerated() {
        switch effect {
        case .remember(let alert):
            let next = index + 1 < effects.count ? effects[index + 1].alert : nil
            if next != alert { words.append("#\(alert.id) \(alert.state)") }
        case .forget(let id): words.append("#\(id) forgotten")
        case .announce(let kind, let alert, let message):
            words.append(
                "\(kind.rawValue.uppercased()) #\(alert.id) \(alert.subject) '\(message)'")
        case .keep(let kind, let alert, let message):
            words.append("\(kind.rawValue) #\(alert.id) \(alert.subject) '\(message)'")
        case .folded(let count, _): words.append("FOLDED \(count)")
        }
    }
    return words.isEmpty ? "–" : words.joined(separator: ", ")
}

extension AlertBook.Effect {
    /// The alert that is told or kept.
    fileprivate var alert: Alert? {
        switch self {
        case .announce(_, let alert, _), .keep(_, let alert, _): alert
        case .remember, .forget, .folded: nil
        }
    }
}
