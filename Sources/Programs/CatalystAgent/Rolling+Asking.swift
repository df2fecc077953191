internal import ControlProtocol
internal import ControlServer
internal import Ledger
internal import LinuxSystem
internal import Rollouts
internal import StackModel
internal import Supervision

/// What operators ask for: restarts, deploys, rollbacks.
extension Rolling {
    func restart(_ request: ControlRequest, _ connection: ControlConnection) {
        guard let stack = agent.stack, mayBegin(request, connection) else { return }
        let named = request.services ?? []
        let wanted = Set(stack.order.filter { stack.members[$0]?.isWanted == true })
        let usual = stack.spec.rollout.order.isEmpty ? stack.order : stack.spec.rollout.order
        let chosen = named.isEmpty ? usual.filter(wanted.contains) : named
        var plan = PlanRequest(
            kind: .restart, old: agent.definitions, new: agent.definitions, root: agent.releasesRoot
        )
        plan.asked = stack.restartOrder(chosen).filter(wanted.contains)
        let asleep = chosen.filter { !wanted.contains($0) }
        guard !plan.asked.isEmpty || !asleep.isEmpty else {
            return connection.send(.end("nothing is to be restarted: no service is wanted"))
        }
        var record = newRollout(.restart, request, connection)
        guard request.plan != true else { return finish(plan, &record, request, connection) }
        if !asleep.isEmpty {
            agent.post(.startRequested(asleep))
            agent.rememberWishes()
        }
        guard !plan.asked.isEmpty else {
            let operation = agent.alarms.beginOperation(on: asleep, "start by \(record.askedBy)")
            let isAwaited = request.wait != false
            if !isAwaited { connection.send(.end("under way")) }
            return agent.wait(
                isAwaited ? connection : nil, for: .well, of: asleep, operation: operation)
        }
        finish(plan, &record, request, connection)
    }

    func deploy(_ request: ControlRequest, _ connection: ControlConnection) {
        guard let stack = agent.stack, mayBegin(request, connection) else { return }
        let policy = stack.spec.releases
        if request.source == nil, let name = request.revision.map({ ServiceName($0) }),
            stack.order.contains(name)
        {
            return connection.send(
                .failure(
                    .badRequest,
                    "'\(name)' is a service, not a revision: to roll it alone, say --only \(name)"))
        }
        guard request.source != nil || policy.repository != nil else {
            return connection.send(
                .failure(
                    .badRequest,
                    "say what to deploy: a directory, a tarball or a git repository; or name a "
                        + "repository in the stack file, x-catalyst.releases.repository"))
        }
        var arguments = ["release", "prepare", "--root", agent.releasesRoot]
        if let source = request.source { arguments += ["--source", source] }
        if let revision = request.revision { arguments += ["--revision", revision] }
        arguments += ["--stack-name", policy.stack]
        if request.plan == true { arguments.append("--plan") }
        prepare(.deploy, arguments, request, connection)
    }

    func rollBack(_ request: ControlRequest, _ connection: ControlConnection) {
        guard agent.stack != nil, mayBegin(request, connection) else { return }
        agent.releases { [unowned self] releases, current in
            agent.ledger.ask(
                for: connection, { $0.rollouts(limit: AgentLimits.rolloutsShownMax, $1) }
            ) { [unowned self] (known: [Rollout]) in
                let before = known.first {
                    $0.state == .succeeded && $0.release == current && $0.previousRelease != nil
                }?.previousRelease
                let older = releases.filter { $0.id < current ?? "" }.map(\.id).max()
                guard let id = request.release ?? before ?? older,
                    releases.contains(where: { $0.id == id })
                else {
                    let words = request.release.map { "there is no release '\($0)'" }
                    return connection.send(
                        .failure(
                            .unknownRelease,
                            "\(words ?? "there is no release before this one"): see 'catalystctl releases'"
                        ))
                }
                guard mayBegin(request, connection) else { return }
                let policy = agent.stack?.spec.releases ?? ReleasePolicy()
                prepare(
                    .rollback,
                    [
                        "release", "open", "--root", agent.releasesRoot, "--id", id,
                        "--stack-name", policy.stack,
                    ], request, connection)
            }
        }
    }

    func cancel(_ request: ControlRequest, _ connection: ControlConnection) {
        guard let rollout = underWay(request, connection) else { return }
        let asker = agent.asker(connection)
        if preparing != nil { tool?.kill() }
        preparing?.state = .cancelled
        receive(.cancelRequested(by: asker))
        confirm("rollout \(rollout.id) is being cancelled: what was changed goes back", connection)
    }

    /// Whoever is told can rely on it: an agent that follows knows it too.
    private func confirm(_ words: String, _ connection: ControlConnection) {
        connection.keepOpen()
        whenKept { failure in
            let doubt = failure.map { "; but that is not on disk: \($0)" }
            connection.send(.end(words + (doubt ?? "")))
        }
    }

    func resume(_ request: ControlRequest, _ connection: ControlConnection) {
        guard let rollout = underWay(request, connection) else { return }
        guard rollout.state == .paused else {
            return connection.send(
                .failure(
                    .badRequest,
                    "rollout \(rollout.id) is not paused: it is \(rollout.state.rawValue)"))
        }
        receive(.resumeRequested)
        confirm("rollout \(rollout.id) goes on", connection)
    }

    private func underWay(_ request: ControlRequest, _ connection: ControlConnection) -> Rollout? {
        guard let rollout, request.rollout == nil || request.rollout == rollout.id else {
            let which = request.rollout.map { "rollout \($0) is not under way" }
            connection.send(
                .failure(
                    .unknownRollout,
                    "\(which ?? "no rollout is under way"): see 'catalystctl rollouts'"))
            return nil
        }
        return rollout
    }

    /// The lock, and the freeze windows.
    func mayBegin(_ request: ControlRequest, _ connection: ControlConnection) -> Bool {
        if agent.stack?.isShuttingDown == true {
            connection.send(.failure(.stopping, "the agent is stopping"))
            return false
        }
        if request.plan == true, train == nil { return true }
        if let rollout {
            connection.send(
                .failure(
                    .busy,
                    "rollout \(rollout.id), \(rollout.words) by \(rollout.askedBy), is under way: see "
                        + "'catalystctl rollouts show \(rollout.id)'"))
            return false
        }
        let isForced = request.overrideFreeze?.isEmpty == false
        if let words = agent.freezeWords, !isForced {
            connection.send(
                .failure(
                    .frozen,
                    "\(words): wait until it is over, or give a reason: --override-freeze \"…\""))
            return false
        }
        return true
    }

    func newRollout(
        _ kind: Rollout.Kind, _ request: ControlRequest, _ connection: ControlConnection
    ) -> Rollout {
        var record = Rollout(
            id: nextID, kind: kind, state: .preparing, askedBy: agent.asker(connection),
            startedAt: Clock.wallTime())
        let reasons = [
            agent.freezeWords == nil
                ? nil : request.overrideFreeze.map { "overrides the freeze: \($0.prefix(200))" },
            request.reason.map { String($0.prefix(200)) },
        ]
        let reason = reasons.compactMap { $0 }.joined(separator: "; ")
        record.reason = reason.isEmpty ? nil : reason
        return record
    }
}
