import ControlProtocol
import StackModel

extension RunningAgent {
    /// Open ones; with `all`, those that are over too. Tests of services are not disturbed by what the host suffers
    /// from, but for `subject`.
    func alerts(all: Bool = false, with subject: Subject? = nil) throws -> [Alert] {
        var request = ControlRequest(.alerts)
        request.all = all
        let hostly = Set<Subject>(["@host", "@disk", "@memory"]).filter { $0 != subject }
        return try ask(request).compactMap(\.alert?.alert).filter { !hostly.contains($0.subject) }
    }

    /// Waits until one about `subject` fires as wished.
    func alert(
        about subject: Subject, within limit: Duration = patience,
        where condition: (Alert) -> Bool = { _ in true }
    ) throws -> Alert {
        var found: Alert?
        let isThere = try holds(within: limit) {
            found = try alerts(with: subject).first {
                $0.subject == subject && $0.state == .firing && condition($0)
            }
            return found != nil
        }
        guard isThere, let found else {
            throw Failure("no such alert about \(subject): \(try alerts(all: true))\n\(story())")
        }
        return found
    }

    func expectResolved(_ id: Int64, within limit: Duration = patience) throws {
        let isOver = try holds(within: limit) {
            var request = ControlRequest(.alerts)
            request.alert = id
            return try ask(request).last?.alert?.alert.state == .resolved
        }
        guard isOver else { throw Failure("alert \(id) is not resolved\n\(story())") }
    }

    /// All that was told of one alert, oldest first.
    func life(of id: Int64) throws -> [AlertEvent] {
        var request = ControlRequest(.alerts)
        request.alert = id
        return try ask(request).compactMap(\.alert).last?.events ?? []
    }

    /// What was told of one alert on stderr, by the agent that runs now.
    func told(of id: Int64) -> [String] {
        program.errors.split(separator: "\n").filter { $0.contains(" alert \(id) ") }.map(
            String.init)
    }

    /// Waits until a line on stderr tells this of an alert.
    func expectTold(_ kind: AlertEvent.Kind, of id: Int64) throws {
        let words = " alert \(id) \(kind.rawValue): "
        guard holds({ program.errors.contains(words) }) else {
            throw Failure("nobody was told that alert \(id) \(kind.rawValue)\n\(story())")
        }
    }
}
