internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel
internal import Supervision
internal import SystemPackage

/// Runs the `on_alert` command for each alert that is told: JSON on its stdin, a time limit, few at
/// once, failures counted.
final class Notifier {
    static let commandName = "on-alert"
    private unowned let agent: Agent
    private var waiting: [(event: AlertEvent, whenHanded: () -> Void)] = []
    private var running: [ObjectIdentifier: CommandRun] = [:]
    /// Runs in a row that failed.
    private(set) var failures = 0
    private(set) var problem: String?
    /// Alerts that it was never told of, because too many waited.
    private(set) var dropped = 0

    init(agent: Agent) { self.agent = agent }

    /// Those under way.
    var runs: [ProcessTree] { running.values.compactMap(\.tree) }

    /// Calls `whenHanded` when the command was started with it, or never will be.
    func tell(_ event: AlertEvent, whenHanded: @escaping () -> Void) {
        guard agent.stack?.spec.alerts.onAlert != nil else { return whenHanded() }
        guard waiting.count < AgentLimits.notificationsWaitingMax else {
            dropped += 1
            return whenHanded()
        }
        waiting.append((event, whenHanded))
        runNext()
    }

    private func runNext() {
        while !waiting.isEmpty, running.count < AgentLimits.notifiersMax,
            let settings = agent.stack?.spec.alerts, let command = settings.onAlert
        {
            let next = waiting.removeFirst()
            run(command, next.event, timeout: settings.onAlertTimeout, next.whenHanded)
        }
    }

    private func run(
        _ command: [String], _ event: AlertEvent, timeout: Duration, _ whenHanded: () -> Void
    ) {
        do {
            let json = try Self.json(of: event)
            let pipe = try Pipe()
            defer { pipe.closeBoth() }  // The child has its own.
            var request = SpawnRequest(
                arguments: command,
                environment: agent.options.environment.filter {
                    ["PATH", "LANG", "TZ", "HOME"].contains($0.key)
                })
            // It comes when the command is there: it waits, as programs do.
            _ = fcntl(pipe.readEnd.rawValue, F_SETFL, 0)
            request.input = .descriptor(pipe.readEnd)
            request.directory = "/"
            var key: ObjectIdentifier?
            let run = CommandRun(request, of: Self.commandName, timeout: timeout, agent: agent) {
                [weak self] report in
                if let key { self?.running[key] = nil }
                self?.finished(report, command)
            }
            key = ObjectIdentifier(run)
            running[ObjectIdentifier(run)] = run
            // In this order: a command that was started and not told, because we died, reads nothing.
            whenHanded()
            guard write(pipe.writeEnd.rawValue, json, json.count) == json.count else {
                throw SystemError("write \(json.count) bytes for the on_alert command")
            }
        } catch {
            whenHanded()
            finished(Report(.failed(.other("\(error)"))), command)
        }
    }

    private func finished(_ report: Report, _ command: [String]) {
        switch report.outcome {
        case .healthy, .degraded: (failures, problem) = (0, nil)
        case .failed(let failure): failed("\(failure)", command, report.body)
        case .unknown(let words): failed(words, command, nil)
        }
        runNext()
    }

    private func failed(_ words: String, _ command: [String], _ said: String?) {
        failures += 1
        problem = words
        let line = said?.split(separator: "\n").last.map { ": \($0)" } ?? ""
        // The first says why; a row of them is an alert of its own.
        guard failures == 1 else { return }
        agent.record(
            .notifierFailed, nil, .warning,
            "the on_alert command '\(command.first ?? "")' failed: \(words)\(line)")
    }

    /// As much as a pipe takes without a reader.
    private static func json(of event: AlertEvent) throws -> [UInt8] {
        var event = event
        var json = try JSONLines.encode(event)
        while json.count > AgentLimits.notificationJSONBytesMax,
            !event.alert.evidence.lines.isEmpty
        {
            event.alert.evidence.lines.removeFirst(
                (event.alert.evidence.lines.count + 1) / 2)
            json = try JSONLines.encode(event)
        }
        return json
    }
}
