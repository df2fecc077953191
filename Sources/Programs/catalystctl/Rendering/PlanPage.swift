internal import StackModel

/// What `deploy --plan` and its like say: order, what and why, how, how long.
struct PlanPage {
    let plan: RolloutPlan
    let program: String
    /// What does it, as a shell takes it.
    let command: String

    func lines(on terminal: Terminal) -> [String] {
        let parts = [
            headline(on: terminal),
            terminal.section("in this order", order(on: terminal)),
            terminal.section("stays as it is", wrapped(plan.unchanged.map(\.text), on: terminal)),
            terminal.section("changes in the stack itself", wrapped(plan.stackKeys, on: terminal)),
            terminal.section("against it", obstacles(on: terminal)),
            [terminal.next(next, program: program)],
        ]
        return Array(parts.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private var isEmpty: Bool { plan.steps.isEmpty && plan.stackKeys.isEmpty }

    private var next: String { isEmpty && plan.kind != .restart ? "\(command) --all" : command }

    private func headline(on terminal: Terminal) -> [String] {
        let count = plan.steps.count
        let services = "\(count) \(count == 1 ? "service" : "services")"
        let work = isEmpty ? "there is nothing to do" : services
        let title = displayed("\(subject): \(work)").wrapped(to: terminal.width)
        var facts = Facts()
        facts.add("from", plan.release.map { withoutPasswords($0.source) })
        facts.add("revision", plan.release?.revision)
        facts.add("before", plan.previousRelease)
        facts.add("takes", isEmpty ? nil : expected)
        return title.map { terminal.paint($0, .bold) } + facts.lines(on: terminal)
    }

    private var subject: String {
        let release = plan.release.map { "\($0.id), version \($0.version)" }
        return switch plan.kind {
        case .deploy: release.map { "deploy of \($0)" } ?? "deploy"
        case .rollback: release.map { "rollback to \($0)" } ?? "rollback"
        case .restart: "restart"
        }
    }

    /// `about 4m 10s, 2 steps guessed`
    private var expected: String {
        let guessed =
            switch plan.guessed {
            case 0: ""
            case 1: ", 1 step guessed"
            default: ", \(plan.guessed) steps guessed"
            }
        return "about \(humanSpan(plan.expected))\(guessed)"
    }

    private func order(on terminal: Terminal) -> [String] {
        let width = plan.steps.reduce(0) { max($0, displayed($1.service.text).cellCount) }
        let digits = "\(plan.steps.count)".count
        return plan.steps.enumerated().flatMap { index, step in
            let number = "\(index + 1)".padded(to: digits, .right)
            let lead = "\(number). \(displayed(step.service.text).padded(to: width))  "
            let room = max(20, terminal.width - 2 - lead.cellCount)
            return displayed("\(step.changeWords); \(step.wayWords)").wrapped(to: room)
                .enumerated().map { row, line in
                    (row == 0 ? lead : String(repeating: " ", count: lead.cellCount)) + line
                }
        }
    }

    private func wrapped(_ words: [String], on terminal: Terminal) -> [String] {
        words.isEmpty
            ? [] : displayed(words.joined(separator: ", ")).wrapped(to: max(20, terminal.width - 2))
    }

    private func obstacles(on terminal: Terminal) -> [String] {
        plan.obstacles.flatMap { obstacle in
            displayed(obstacle).wrapped(to: max(20, terminal.width - 4)).enumerated().map {
                terminal.paint($0 == 0 ? "! " : "  ", .yellow) + $1
            }
        }
    }
}
