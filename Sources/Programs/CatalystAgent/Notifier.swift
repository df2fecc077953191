internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel
internal import Supervision
internal import SystemPackage

/// Runs the `on_alert` command for each alert that is told: JSON on its stdin, a time limit, few at
/// once, failures counted.
final class Notifier {
    private unowned let agent: Agent
    private var waiting: [AlertEvent] = []
    private var running: [ObjectIdentifier: CommandRun] = [:]
    /// Runs in a row that failed.
    private(set) var failures = 0
    private(set) var problem: String?
    /// Alerts that it was never told of, because too many waited.
    private(set) var dropped = 0

    init(agent: Agent) { self.agent = agent }

    /// Those under way.
    var runs: [ProcessTree] { running.values.compactMap(\.tree) }

    func tell(_ event: AlertEvent) {
        guard agent.stack?.spec.alerts.onAlert != nil else { return }
        guard waiting.count < AgentLimits.notificationsWaitingMax else {
            dropped += 1
            return
        }
        waiting.append(event)
        runNext()
    }

    private func runNext() {
        while !waiting.isEmpty, running.count < AgentLimits.notifiersMax,
            let settings = agent.stack?.spec.alerts, let command = settings.onAlert
        {
            run(command, waiting.removeFirst(), timeout: settings.onAlertTimeout)
        }
    }

    private func run(_ command: [String], _ event: AlertEvent, timeout: Duration) {
        do {
            let input = try Self.pipe(holding: event)
            defer { try? input.close() }  // The child has its own.
            var request = SpawnRequest(
                arguments: command,
                environment: agent.options.environment.filter {
                    ["PATH", "LANG", "TZ", "HOME"].contains($0.key)
                })
            request.input = .descriptor(input)
            request.directory = "/"
            var key: ObjectIdentifier?
            let run = CommandRun(request, of: "on-alert", timeout: timeout, agent: agent) {
                [weak self] report in
                if let key { self?.running[key] = nil }
                self?.finished(report, command)
            }
            key = ObjectIdentifier(run)
            running[ObjectIdentifier(run)] = run
        } catch {
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

    /// The reading end of a pipe that holds all of it.
    private static func pipe(holding event: AlertEvent) throws -> FileDescriptor {
        var event = event
        var json = try JSONLines.encode(event)
        while json.count > AgentLimits.notificationJSONBytesMax,
            !event.alert.evidence.lines.isEmpty
        {
            event.alert.evidence.lines.removeFirst(
                (event.alert.evidence.lines.count + 1) / 2)
            json = try JSONLines.encode(event)
        }
        let pipe = try Pipe()
        defer { pipe.closeWriteEnd() }
        guard write(pipe.writeEnd.rawValue, json, json.count) == json.count else {
            try? pipe.readEnd.close()  // Nobody was given it.
            throw SystemError("write \(json.count) bytes for the on_alert command")
        }
        return pipe.readEnd
    }
}
