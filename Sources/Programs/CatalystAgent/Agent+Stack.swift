internal import JSONLines
internal import Ledger
internal import LinuxSystem
internal import Monitoring
internal import Rollouts
internal import StackModel
internal import Supervision

extension Agent {
    /// What the ledger knows has been read; nil: it cannot be. Begins the stack, which waited for it.
    func learned(_ contents: LedgerContents?) {
        if let contents {
            rolling.remember(nextID: contents.nextRolloutID, last: contents.lastRollout)
        }
        guard isAwaitingLedger else { return }
        isAwaitingLedger = false
        loop.cancel(ledgerAlarm)
        guard !isEnding else { return }
        takeUp(contents?.openRollout)
    }

    /// Begins, when it is known how far the last agent was.
    func loadStack() {
        isAwaitingLedger = true
        // A disk that hangs must not keep the services down.
        ledgerAlarm = loop.setAlarm(after: AgentLimits.ledgerWait) { [unowned self] in
            record(
                .ledger, nil, .warning,
                "the ledger is not open after \(AgentLimits.ledgerWait): beginning without it")
            learned(nil)
        }
    }

    private func takeUp(_ open: Rollout?) {
        let leftovers = findLeftovers()
        if let open {
            guard let old = StackSpec.read(options.oldStackFile),
                let new = StackSpec.read(options.newStackFile)
            else {
                abandon(open)
                return takeUp(nil)
            }
            return adopt(leftovers, open.current(old: old, new: new), open, (old, new)) {
                [unowned self] in
                rolling.begin(open, old: old, new: new)
            }
        }
        guard !leftovers.isEmpty, let lastGood = stackReader.lastGood() else {
            return readStack { [unowned self] in adopt(leftovers, $0, nil, nil) {} }
        }
        adopt(leftovers, lastGood, nil, nil) { [unowned self] in reload(nil) }
    }

    private func abandon(_ open: Rollout) {
        var open = open
        open.state = .failed
        open.finishedAt = Clock.wallTime()
        open.message = "the agent died, and what it was about to do cannot be read any more"
        ledger.write([.rollout(open)])
        rolling.conclude(open)
    }

    /// Reads the stack files, of the current release too. A broken file starts the last good stack, and is told.
    private func readStack(_ begin: @escaping (StackSpec) -> Void) {
        guard !isEnding else { return }
        readDefinitions { [unowned self] outcome in
            // Too late: the agent was told to stop before there was a stack.
            guard !isEnding else { return }
            switch outcome {
            case .read(let spec):
                hasReadStack = true
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

    /// The files as they are now, each service's paths leading into the release that it runs from, or else into the
    /// current one.
    private func readDefinitions(done: @escaping (StackReader.Outcome) -> Void) {
        let known = stack?.spec ?? stackReader.lastGood()
        guard let known else {
            // Where releases are is in the files themselves.
            return stackReader.read { [unowned self] outcome in
                guard case .read(let spec) = outcome else { return done(outcome) }
                let root = spec.releases.directory ?? options.stateDirectory
                lookUp(root) { [unowned self] releases, current in
                    guard let current, current.hasStack else {
                        return done(.read(pinned(spec, releases, current, root)))
                    }
                    read(from: current, spec, root, releases, done: done)
                }
            }
        }
        let root = known.releases.directory ?? options.stateDirectory
        lookUp(root) { [unowned self] releases, current in
            guard let current, current.hasStack else {
                return stackReader.read { [unowned self] outcome in
                    guard case .read(let spec) = outcome else { return done(outcome) }
                    done(.read(pinned(spec, releases, current, root)))
                }
            }
            read(from: current, known, root, releases, done: done)
        }
    }

    private func read(
        from release: Release, _ known: StackSpec, _ root: String, _ releases: [Release],
        done: @escaping (StackReader.Outcome) -> Void
    ) {
        let open = [
            "release", "open", "--root", root, "--id", release.id, "--stack-name",
            known.releases.stack,
        ]
        stackReader.read(release: open) { [unowned self] outcome in
            guard case .read(let spec) = outcome else { return done(outcome) }
            done(.read(pinned(spec, releases, release, root)))
        }
    }

    private func lookUp(_ root: String, then take: @escaping ([Release], Release?) -> Void) {
        releases(below: root) { releases, current in
            take(releases, releases.first { $0.id == current })
        }
    }

    private func pinned(
        _ spec: StackSpec, _ releases: [Release], _ current: Release?, _ root: String
    ) -> StackSpec {
        let before = stack.map { _ in definitions } ?? stackReader.lastGood()
        var spec = spec
        spec.services = spec.services.map { service in
            let own = before?.service(service.name)?.release
            guard let release = releases.first(where: { $0.id == own }) ?? current else {
                return service
            }
            return service.pinned(to: release, root: root)
        }
        return spec
    }

    func begin(_ spec: StackSpec, _ adopted: [Adopted]) {
        for warning in spec.warnings { record(.stackLoaded, nil, .warning, warning) }
        record(
            .stackLoaded, nil, .notice, "stack '\(spec.name)' with \(spec.services.count) services")
        stack = Stack(spec)
        follow(spec)
        let found = adopted.filter(takeOver)
        let numbers = Dictionary(found.map { ($0.spec.name, $0.number) }) { $1 }
        let known = predecessor.services.filter { spec.service($0.key) != nil }
        for (name, service) in known.sorted(by: { $0.key < $1.key }) {
            runner(name).resume(service)
            if numbers[name] == nil { noticeAbsence(of: name, service.past) }
        }
        let lost = known.filter { $0.value.past.isAlive && numbers[$0.key] == nil }.keys.sorted()
        drilling.cleanUp(after: predecessor.drill, lost: lost)
        predecessor = RememberedState()
        post(
            .began(
                stopped: remembered.stopped, running: numbers, pasts: known.mapValues(\.past)))
        for (name, service) in known where numbers[name] != nil || !service.past.isAlive {
            if stack?.members[name]?.state.isAlive == service.past.isAlive {
                runner(name).since = service.since
            }
        }
        for adopted in found { runner(adopted.spec.name).beginProbingAdopted() }
        takeSocketsBack()
        ledger.tellUntold()
        learnAvailability()
        becameReady()
    }

    /// Callers of what does not run now wait on, as far as it is to run.
    private func takeSocketsBack() {
        for name in stack?.order ?? [] {
            guard let member = stack?.members[name], member.isWanted,
                heirlooms.unclaimed.contains(name.socketHeirloom)
            else { continue }
            switch member.state {
            case .down, .failed: break
            // What it cannot be opened for is told when it starts.
            default: _ = try? runner(name).mainSocket(for: member.spec)
            }
        }
        heirlooms.endUnclaimed()
    }

    /// It ran when the agent before ended, and does not any more.
    private func noticeAbsence(of name: ServiceName, _ past: Past) {
        guard case .running = past.phase, !remembered.stopped.contains(name) else { return }
        runner(name).lastExit = .unknown
        record(
            .exited, name, .warning, "exited while the agent was away, status unknown")
    }

    /// Reads the files again; what is refused changes nothing. `done` gets the refusal, or nil when it is under way.
    func reload(_ done: ((String?) -> Void)?) {
        guard !stackReader.isReading, stack != nil else {
            done?("the stack file is being read already")
            return
        }
        if let rollout = rolling.rollout {
            let words = "rollout \(rollout.id) is under way: the stack file is read when it is over"
            record(.stackRefused, nil, .warning, words)
            done?(words)
            return
        }
        readDefinitions { [unowned self] outcome in
            switch outcome {
            case .read(let spec):
                hasReadStack = true
                notes["stack"] = nil
                stateKeeper.save(spec, to: options.lastGoodStack)
                for warning in spec.warnings { record(.stackLoaded, nil, .warning, warning) }
                record(.stackLoaded, nil, .notice, "stack '\(spec.name)' read again")
                adopt(spec)
                done?(nil)
            case .refused(let words):
                refused(words)
                done?(words)
            }
        }
    }

    /// These definitions are in force; what changed beyond repair is restarted.
    func adopt(_ spec: StackSpec) {
        post(.reloaded(spec))
        follow(spec)
    }

    /// What is watched, served and told follows the file.
    private func follow(_ spec: StackSpec) {
        inspector.follow(spec)
        alarms.receive(.adjusted(spec.alerts))
        collector.serve(spec.metrics)
        reserveMemory(for: spec)
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
    func end(_ leftovers: [Survivor], done: @escaping () -> Void) {
        guard !leftovers.isEmpty else { return done() }
        for leftover in leftovers {
            let pids = leftover.tree.processes.map(String.init).joined(separator: ", ")
            record(
                .killed, leftover.name, .warning,
                "an earlier agent left it running (pid \(pids)): ending it first")
            leftover.tree.signal(.terminate)
        }
        wait(for: leftovers, until: Clock.now() + AgentLimits.leftoverGrace, done: done)
    }

    func wait(
        for leftovers: [Survivor], until deadline: Moment, done: @escaping () -> Void
    ) {
        let remaining = leftovers.filter { !$0.tree.isGone }
        guard !remaining.isEmpty else { return done() }
        if Clock.now() > deadline {
            for leftover in remaining { leftover.tree.kill() }
        }
        loop.setAlarm(after: AgentLimits.emptinessPoll) { [unowned self] in
            wait(for: remaining, until: deadline, done: done)
        }
    }

    /// The operator's wishes outlive the agent.
    func rememberWishes() {
        guard let stack, !stack.isShuttingDown else { return }
        remembered.stopped = stack.order.filter { stack.members[$0]?.isWanted == false }
        saveWishes()
    }

    func saveWishes() {
        var wishes = RememberedState()
        wishes.stopped = remembered.stopped
        wishes.lastEvent = chronicle.lastID
        stateKeeper.save(wishes, to: options.stateFile)
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
