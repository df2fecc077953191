import Monitoring
import StackModel
import Supervision

extension SimulatedMachine {
    /// What suffers for longer is listed.
    private static let listedAfter = Duration.seconds(10)

    /// While the storm goes on: only the cause is told, and it lists those that suffer.
    func checkListed(_ storm: Storm) throws(Violation) {
        guard let open = book?.open.first(where: { $0.state == .firing }) else { return }
        for (name, since) in blockedSince
        where now - since > Self.listedAfter && !open.blocked.contains(name) {
            guard open.subject == storm.cause else { continue }
            throw Violation("\(name) suffers, and is not listed under \(open.subject)")
        }
    }

    var isAlerted: Bool { book?.open.contains { $0.rule != .brake } ?? false }

    /// After it: each that was told is over and was told to be so, and nothing was told of those that
    /// only suffered; one storm that lasts is one alert.
    func checkTold(_ storm: Storm, lasted: Bool) throws(Violation) {
        if let wrong = told.first(where: { $0.alert.subject != storm.cause }) {
            throw Violation("told of \(wrong.alert.subject): \(wrong.alert.summary)")
        }
        let fired = told.count { $0.kind == .fired }
        let resolved = told.count { $0.kind == .resolved }
        guard fired == resolved else {
            throw Violation("\(fired) alerts were told, and \(resolved) to be over")
        }
        if lasted, fired != 1 { throw Violation("one storm, and \(fired) alerts") }
        if isAlerted { throw Violation("an alert stays open") }
    }
}

extension Storm {
    var cause: Subject {
        switch kind {
        case .killed, .killedAgainAndAgain, .hangs, .stalls, .doesNotStart: "redis"
        case .databaseAway, .databaseHangs, .databaseFlaps: "@postgres"
        }
    }
}
