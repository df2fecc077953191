internal import ControlProtocol
internal import ControlServer
internal import Glibc
internal import Ledger
internal import LinuxSystem
internal import Logs
internal import StackModel
internal import Supervision
internal import SystemPackage

/// Another program takes this one's place: the same process, the same children, and nobody is restarted.
extension Agent {
    func replace(_ connection: ControlConnection) {
        guard !stackReader.isReading else {
            // It takes a moment, and has a limit.
            loop.setAlarm(after: .milliseconds(50)) { [weak self, weak connection] in
                if let self, let connection { replace(connection) }
            }
            return
        }
        if let words = whyNotReplaced {
            return connection.send(.failure(.busy, words))
        }
        isBeingReplaced = true
        do {
            try trySuccessor { [weak self, weak connection] refusal in
                self?.judged(refusal, connection)
            }
        } catch {
            judged("cannot run '\(options.program)': \(error)", connection)
        }
    }

    private var whyNotReplaced: String? {
        if isBeingReplaced { return "the agent is being replaced already" }
        guard let stack, !stack.isShuttingDown else { return "the agent is starting or stopping" }
        if stackReader.isReading { return "the stack file is being read" }
        if let words = drilling.words { return "\(words): ask again when it is over" }
        return rolling.rollout.map { "rollout \($0.id) is under way: ask again when it is over" }
    }

    /// Runs the program that is there now beside this one, and has it look at what it is to take over.
    private func trySuccessor(_ done: @escaping (String?) -> Void) throws {
        let sealed = try bequest.sealed()
        defer { try? sealed.close() }  // It cannot be written to.
        _ = try ToolRun(
            ["--try-handover", "3"] + options.arguments, of: options.program, named: "successor",
            descriptors: [sealed], timeout: AgentLimits.successorTime, agent: self
        ) { outcome in
            if outcome.exit.isSuccess, !outcome.isLate { return done(nil) }
            let said = outcome.complaints.split(separator: "\n").last.map { ": \($0)" } ?? ""
            let end =
                outcome.isLate
                ? "gave no answer within \(AgentLimits.successorTime)" : "\(outcome.exit)"
            done("the new '\(self.options.program)' \(end)\(said)")
        }
    }

    private func judged(_ refusal: String?, _ connection: ControlConnection?) {
        isBeingReplaced = false
        // What was true a moment ago may not be any more.
        guard let refusal = refusal ?? whyNotReplaced else {
            connection?.send(.end("the agent is being replaced"))
            return replaceNow()
        }
        let words = "the agent was not replaced, and goes on: \(refusal)"
        record(.agentAnomaly, nil, .error, words)
        connection?.send(.failure(.failed, words))
    }

    private var bequest: Handover {
        var left = heirlooms.kept.mapValues(\.rawValue)
        left[Handover.controlSocket] = server?.listenerNumber
        return Handover(
            state: remembered, descriptors: left, inheritedLimits: inheritedLimits)
    }

    /// Does not return, unless neither the new program nor this one's own can be run any more.
    private func replaceNow() {
        remember()
        record(.agentStopping, nil, .notice, "catalystd \(catalystVersion) is being replaced")
        meter.endMinute()
        collector.end()
        logs.leave()
        ledger.write(chronicle.tell().map(LedgerEntry.event))
        shelfThread.finish()
        ledger.finish()
        stateKeeper.finish()
        chronicle.finish()
        let handover = bequest
        var environment = options.environment
        // systemd's numbers of them are of this program's beginning, and the process keeps its pid.
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { environment[name] = nil }
        // Without it, what runs is found as after a death.
        let sealed = try? handover.sealed()
        environment[Handover.variable] = sealed.map { String($0.rawValue) }
        let open = handover.descriptors.values.map { FileDescriptor(rawValue: $0) }
        for program in [options.program, "/proc/self/exe"] {
            _ = Replacement.execute(
                program, arguments: CommandLine.arguments, environment: environment,
                keeping: open + (sealed.map { [$0] } ?? []))
        }
        // Whoever started this one starts another, which finds all that runs.
        exit(111)
    }
}
