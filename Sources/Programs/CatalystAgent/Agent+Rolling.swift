internal import ControlProtocol
internal import ControlServer
internal import Ledger
internal import LinuxSystem
internal import Releases
internal import Rollouts
internal import StackModel
internal import Supervision

/// What rolling needs of the agent: definitions, releases, close watching.
extension Agent {
    /// The stack with each service's definition as its instance has it.
    var definitions: StackSpec {
        guard let stack else { return StackSpec(name: "", services: []) }
        var spec = stack.spec
        spec.services = spec.services.map { service in
            stack.members[service.name].map { $0.nextSpec ?? $0.spec } ?? service
        }
        return spec
    }

    /// Where `releases/` and `current` are.
    var releasesRoot: String { stack?.spec.releases.directory ?? options.stateDirectory }

    /// All of them, newest first, and which is current; looked up on a thread.
    func releases(then take: @escaping ([Release], String?) -> Void) {
        releases(below: releasesRoot, then: take)
    }

    func releases(below root: String, then take: @escaping ([Release], String?) -> Void) {
        let answer = LoopCall<([Release], String?)> { [unowned self] in
            currentRelease = $0.1
            take($0.0, $0.1)
        }
        let inlet = inlet
        shelfThread.post {
            let shelf = ReleaseShelf(root: root)
            let found = (shelf.list(), shelf.current)
            inlet.post { answer.body(found) }
        }
    }

    /// What is not in use, and old.
    func pruneReleases() {
        let root = releasesRoot
        let keep = stack?.spec.releases.keep ?? ReleasePolicy().keep
        let inUse = Set(definitions.services.compactMap(\.release))
        let inlet = inlet
        let answer = LoopCall<[String]> { [unowned self] removed in
            guard !removed.isEmpty else { return }
            record(.rolling, nil, .info, "removed old releases: \(removed.joined(separator: ", "))")
        }
        shelfThread.post {
            // Whatever cannot be removed now is looked at after the next rollout.
            let removed = ReleaseShelf(root: root).prune(keep: keep, inUse: inUse)
            inlet.post { answer.body(removed) }
        }
    }

    /// The window that is open now, in words.
    var freezeWords: String? {
        let now = Clock.wallTime()
        for text in stack?.spec.freeze ?? [] {
            guard let window = try? FreezeWindow(text) else { continue }
            do {
                let offset = try TimeZoneRules(zone: window.zone).offset(at: now)
                guard let end = window.end(at: now, offset: offset) else { continue }
                return "rollouts are frozen until \(end) (\(text))"
            } catch {
                // Whether it is open cannot be known: that must not let anybody through.
                return "rollouts are frozen: '\(text)' cannot be understood: \(error)"
            }
        }
        return nil
    }

    func keepSides(old: StackSpec, new: StackSpec, done: @escaping (String?) -> Void) {
        stateKeeper.save(
            [(old, path: options.oldStackFile), (new, path: options.newStackFile)], done: done)
    }

    func forgetSides() { stateKeeper.remove([options.oldStackFile, options.newStackFile]) }

    /// The service is asked more often: it has new users.
    func beginSoak(of name: ServiceName, _ soak: Duration) {
        let runner = runner(name)
        runner.soakInterval = max(
            AgentLimits.soakIntervalMin, soak / AgentLimits.soakProbes)
        runner.adjustProbing()
    }

    func endSoak() {
        for runner in runners.values where runner.soakInterval != nil {
            runner.soakInterval = nil
            runner.adjustProbing()
        }
    }

    func isSoaking(_ name: ServiceName) -> Bool {
        rolling.rollout?.steps.contains { $0.service == name && $0.phase == .soaking } ?? false
    }

    /// `releases`
    func listReleases(_ connection: ControlConnection) {
        connection.keepOpen()
        releases { [unowned self] releases, current in
            let services = definitions.services
            for release in releases {
                var reply = ControlReply()
                reply.release = ReleaseReply(
                    release, isCurrent: release.id == current,
                    services: services.filter { $0.release == release.id }.map(\.name))
                connection.send(reply)
            }
            connection.send(.end())
        }
    }

    /// `rollouts`
    func listRollouts(_ request: ControlRequest, _ connection: ControlConnection) {
        connection.keepOpen()
        if let id = request.rollout { return showRollout(id, request, connection) }
        let limit = min(max(1, request.tail ?? 20), AgentLimits.rolloutsShownMax)
        ledger.ask(for: connection, { $0.rollouts(limit: limit, $1) }) {
            [unowned self] (known: [Rollout]) in
            let open = rolling.rollout
            let shown = (open.map { [$0] } ?? []) + known.filter { $0.id != open?.id }
            for rollout in shown.prefix(limit) { connection.send(.progress(rollout)) }
            connection.send(.end())
        }
    }

    private func showRollout(
        _ id: Int64, _ request: ControlRequest, _ connection: ControlConnection
    ) {
        if let open = rolling.rollout, open.id == id {
            if request.follow == true { return rolling.follow(connection) }
            var reply = ControlReply.end()
            reply.rollout = open
            return connection.send(reply)
        }
        ledger.ask(for: connection, { $0.rollout(id, $1) }) { (found: Rollout?) in
            guard let rollout = found else {
                return connection.send(
                    .failure(
                        .unknownRollout, "there is no rollout \(id): see 'catalystctl rollouts'"))
            }
            var reply = ControlReply.end()
            reply.rollout = rollout
            connection.send(reply)
        }
    }
}

extension Rolling {
    /// The definitions of one side are in force, and `current` leads to its release.
    func adopt(_ side: Train.Side) {
        guard let record = train?.record, let old, let new else { return }
        let root = agent.releasesRoot
        let settled = record.settled(
            on: side, old: old, new: new, running: agent.definitions, root: root)
        let release = side == .new && record.kind != .restart ? record.release : nil
        let inlet = agent.inlet
        let answer = LoopCall<String?> { [unowned self] failure in
            if let failure { agent.record(.agentAnomaly, nil, .error, failure) }
            agent.adopt(settled)
            receive(.adopted)
        }
        let keeper = agent.stateKeeper
        let path = agent.options.lastGoodStack
        let isPosted = agent.shelfThread.post {
            let failure = release.flatMap { makeCurrent($0, below: root) }
            keeper.save(settled, to: path)
            inlet.post { answer.body(failure) }
        }
        if !isPosted { answer.body("too much waits for the disk") }
        if let release { agent.currentRelease = release }
    }
}

/// What went wrong, in words.
private func makeCurrent(_ release: String, below root: String) -> String? {
    do {
        try ReleaseShelf(root: root).makeCurrent(release)
        return nil
    } catch {
        return "cannot make release \(release) the current one: \(error)"
    }
}
