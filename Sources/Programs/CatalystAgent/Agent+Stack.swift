internal import JSONLines
internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

extension Agent {
    /// Reads the stack files for the first time. A broken file starts the last good stack, and is told.
    func loadStack() {
        guard !isEnding else { return }
        stackReader.read { [unowned self] outcome in
            // Too late: the agent was told to stop before there was a stack.
            guard !isEnding else { return }
            switch outcome {
            case .read(let spec):
                stateKeeper.save(spec, to: options.lastGoodStack)
                begin(spec)
            case .refused(let words):
                refused(words)
                guard let lastGood = stackReader.lastGood() else {
                    return giveUp(
                        "there is no stack to run: mend the stack file and start again",
                        exitCode: 100)
                }
                begin(lastGood)
            }
        }
    }

    private func begin(_ spec: StackSpec) {
        for warning in spec.warnings { record(.stackLoaded, nil, .warning, warning) }
        record(
            .stackLoaded, nil, .notice, "stack '\(spec.name)' with \(spec.services.count) services")
        stack = Stack(spec)
        follow(spec)
        post(.began(stopped: remembered.stopped))
        learnAvailability()
        becameReady()
    }

    /// Reads the files again; what is refused changes nothing. `done` gets the refusal, or nil when it is under way.
    func reload(_ done: ((String?) -> Void)?) {
        guard !stackReader.isReading, stack != nil else {
            done?("the stack file is being read already")
            return
        }
        stackReader.read { [unowned self] outcome in
            switch outcome {
            case .read(let spec):
                notes["stack"] = nil
                stateKeeper.save(spec, to: options.lastGoodStack)
                for warning in spec.warnings { record(.stackLoaded, nil, .warning, warning) }
                record(.stackLoaded, nil, .notice, "stack '\(spec.name)' read again")
                post(.reloaded(spec))
                follow(spec)
                done?(nil)
            case .refused(let words):
                refused(words)
                done?(words)
            }
        }
    }

    /// What is watched, served and told follows the file.
    private func follow(_ spec: StackSpec) {
        inspector.follow(spec)
        alarms.receive(.adjusted(spec.alerts))
        collector.serve(spec.metrics)
        ledger.setOutbox(isOn: spec.database != nil)
        courier.restart()
    }

    private func refused(_ words: String) {
        let lines = words.split(separator: "\n")
        for line in lines { record(.stackRefused, nil, .error, String(line)) }
        let rest = lines.count > 1 ? " (and \(lines.count - 1) more)" : ""
        notes["stack"] =
            "the stack file is refused, the last good stack runs: \(lines.first ?? "")\(rest)"
        alarms.lookSoon()
    }

    /// Ends what an earlier agent left running, so that no service ever runs twice; then calls `done`.
    func endLeftovers(done: @escaping () -> Void) {
        let leftovers = findLeftovers()
        guard !leftovers.isEmpty else { return done() }
        for (name, tree) in leftovers {
            let pids = tree.processes.map(String.init).joined(separator: ", ")
            record(
                .killed, name, .warning,
                "an earlier agent left it running (pid \(pids)): ending it first")
            tree.signal(.terminate)
        }
        wait(for: leftovers, until: Clock.now() + AgentLimits.leftoverGrace, done: done)
    }

    private func wait(
        for leftovers: [(ServiceName, ProcessTree)], until deadline: Moment,
        done: @escaping () -> Void
    ) {
        let remaining = leftovers.filter { !$0.1.isEmpty }
        guard !remaining.isEmpty else { return done() }
        if Clock.now() > deadline {
            for (_, tree) in remaining { tree.kill() }
        }
        loop.setAlarm(after: AgentLimits.emptinessPoll) { [unowned self] in
            wait(for: remaining, until: deadline, done: done)
        }
    }

    /// The operator's wishes outlive the agent.
    func rememberWishes() {
        guard let stack, !stack.isShuttingDown else { return }
        remembered.stopped = stack.order.filter { stack.members[$0]?.isWanted == false }
        remember()
    }
}

extension RememberedState {
    /// An empty one where there is none, or none that can be read.
    static func read(_ path: String) -> RememberedState {
        // A torn file remembers nothing.
        guard let bytes = TextFile.readBytes(path, bytesMax: AgentLimits.resolvedBytesMax),
            let state = try? JSONLines.decode(RememberedState.self, from: bytes)
        else { return RememberedState() }
        return state
    }
}
