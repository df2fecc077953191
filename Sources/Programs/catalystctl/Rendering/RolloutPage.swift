internal import StackModel

/// `catalystctl rollouts show`: all that is known about one.
struct RolloutPage {
    let rollout: Rollout
    let program: String
    let now: Timestamp

    func lines(on terminal: Terminal) -> [String] {
        let failure = rollout.failure.map { FailurePage(failure: $0, now: now).lines(on: terminal) }
        let parts = [
            headline(on: terminal), facts.lines(on: terminal), steps(on: terminal),
            problems(on: terminal), failure ?? [], terminal.section("what to do", suggestions),
        ]
        return Array(parts.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private func headline(on terminal: Terminal) -> [String] {
        let title = displayed("rollout \(rollout.id): \(rollout.title): \(rollout.standing)")
        let message = rollout.message.map { displayed($0).wrapped(to: terminal.width) } ?? []
        return title.wrapped(to: terminal.width).map { terminal.paint($0, rollout.state.color) }
            + message
    }

    private var facts: Facts {
        var facts = Facts()
        facts.add("release", rollout.release)
        facts.add("before", rollout.previousRelease)
        facts.add("asked by", rollout.askedBy)
        facts.add("reason", rollout.reason)
        facts.add("cancelled by", rollout.cancelledBy)
        facts.add("began", rollout.startedAt.local(now: now))
        facts.add("took", rollout.time)
        return facts
    }

    private func steps(on terminal: Terminal) -> [String] {
        rollout.steps.isEmpty
            ? []
            : StepTable(steps: rollout.steps.withoutProblems[...], now: now).table.lines(
                on: terminal)
    }

    private func problems(on terminal: Terminal) -> [String] {
        let lines = rollout.steps.flatMap { step in
            step.problem.map {
                displayed("\(step.service): \($0)").wrapped(to: max(20, terminal.width - 2))
            } ?? []
        }
        return terminal.section("problems", lines)
    }

    private var suggestions: [String] {
        let number = rollout.id
        let commands: [String] =
            switch rollout.state {
            case .preparing, .running:
                ["rollouts show \(number) --follow", "rollouts cancel \(number)"]
            case .undoing: ["rollouts show \(number) --follow"]
            case .paused: ["rollouts resume \(number)", "rollouts cancel \(number)"]
            case .failed: rollout.failure?.service.map { ["logs \($0)", "why \($0)"] } ?? []
            case .succeeded, .cancelled: []
            }
        return commands.map { "\(program) \(displayed($0))" }
    }
}

extension [RolloutStep] {
    /// They are told below the table, in full.
    fileprivate var withoutProblems: [RolloutStep] {
        map { step in
            var step = step
            step.problem = nil
            return step
        }
    }
}

/// Why a rollout failed, with what was seen.
struct FailurePage {
    let failure: RolloutFailure
    let now: Timestamp

    /// What an answer tells, and no more of a page of HTML.
    private static let bodyMax = 400
    private static let linesMax = 20

    func lines(on terminal: Terminal) -> [String] {
        var report = failure.lastReport
        report?.body = failure.lastReport?.body?.shortened(to: Self.bodyMax)
        var facts = Facts()
        facts.add("failed", failure.service?.text ?? "before any service was touched")
        facts.add("because", failure.reason)
        facts.add(report)
        facts.add("probably", failure.likelyCause)
        facts.add("undone", undone)
        let written = failure.lines.suffix(Self.linesMax).map {
            $0.line(on: terminal, width: terminal.width - 2, now: now)
        }
        let section = terminal.section("last lines it wrote", written)
        return facts.lines(on: terminal) + (section.isEmpty ? [] : [""] + section)
    }

    private var undone: String {
        failure.undone.isEmpty
            ? "" : failure.undone.map(\.text).joined(separator: ", ") + ": as before"
    }
}
