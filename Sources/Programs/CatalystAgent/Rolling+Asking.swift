internal import ControlProtocol
internal import ControlServer
internal import JSONLines
internal import Ledger
internal import LinuxSystem
internal import Releases
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
        if let repository = policy.repository { arguments += ["--repository", repository] }
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
        agent.record(.asked, nil, .notice, "asked by \(asker): cancel rollout \(rollout.id)")
        connection.send(
            .end("rollout \(rollout.id) is being cancelled: what was changed goes back"))
        if preparing != nil { tool?.kill() }
        preparing?.state = .cancelled
        receive(.cancelRequested(by: asker))
    }

    func resume(_ request: ControlRequest, _ connection: ControlConnection) {
        guard let rollout = underWay(request, connection) else { return }
        guard rollout.state == .paused else {
            return connection.send(
                .failure(
                    .badRequest,
                    "rollout \(rollout.id) is not paused: it is \(rollout.state.rawValue)"))
        }
        agent.record(
            .asked, nil, .notice,
            "asked by \(agent.asker(connection)): resume rollout \(rollout.id)")
        connection.send(.end("rollout \(rollout.id) goes on"))
        receive(.resumeRequested)
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
    private func mayBegin(_ request: ControlRequest, _ connection: ControlConnection) -> Bool {
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

    private func newRollout(
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

    private func prepare(
        _ kind: Rollout.Kind, _ arguments: [String], _ request: ControlRequest,
        _ connection: ControlConnection
    ) {
        var record = newRollout(kind, request, connection)
        connection.keepOpen()
        let isPlan = request.plan == true
        if !isPlan {
            nextID += 1
            preparing = record
            agent.record(
                .asked, nil, .notice,
                "asked by \(record.askedBy): \(kind.rawValue) "
                    + (request.source.map(withoutPasswords) ?? request.release ?? ""))
            attend(request, connection, record)
        }
        do {
            tool = try ToolRun(
                arguments + agent.options.stackArguments(), named: "release",
                timeout: AgentLimits.preparationMax, agent: agent,
                onLine: { [unowned self] line in
                    var reply = ControlReply()
                    reply.output = line
                    if isPlan { connection.send(reply) } else { tellFollowers(reply) }
                },
                done: { [unowned self] outcome in
                    tool = nil
                    prepared(outcome, &record, request, connection)
                })
        } catch {
            refuse(&record, "cannot make the release: \(error)", isPlan ? connection : nil)
        }
    }

    /// Who does not wait is told at once; others follow.
    private func attend(
        _ request: ControlRequest, _ connection: ControlConnection, _ record: Rollout
    ) {
        guard request.wait == false else { return follow(connection) }
        var reply = ControlReply.end(
            "rollout \(record.id) is under way: catalystctl rollouts show \(record.id)")
        reply.rollout = record
        connection.send(reply)
    }

    private func prepared(
        _ outcome: ToolRun.Outcome, _ record: inout Rollout, _ request: ControlRequest,
        _ connection: ControlConnection
    ) {
        let asker = request.plan == true ? connection : nil
        guard preparing?.state != .cancelled else {
            record.state = .cancelled
            return refuse(&record, "cancelled while its release was made", asker)
        }
        guard outcome.exit.isSuccess else {
            let words = outcome.complaints.split(separator: "\n").suffix(20).joined(separator: "\n")
            return refuse(
                &record,
                outcome.isLate
                    ? "making the release took longer than \(AgentLimits.preparationMax)"
                    : words.isEmpty ? "catalystctl release \(outcome.exit)" : words, asker)
        }
        guard let made = try? JSONLines.decode(PreparedRelease.self, from: outcome.output) else {
            return refuse(&record, "cannot understand what 'catalystctl release' printed", asker)
        }
        let previous = agent.currentRelease
        let begun = record
        agent.releases { [unowned self] releases, current in
            var record = begun
            record.release = made.release.id
            record.previousRelease = current ?? previous
            let plan = planRequest(record.kind, made, releases, request)
            finish(plan, &record, request, connection, made.release)
        }
    }

    private func planRequest(
        _ kind: Rollout.Kind, _ made: PreparedRelease, _ releases: [Release],
        _ request: ControlRequest
    ) -> PlanRequest {
        let root = agent.releasesRoot
        var new = made.stack
        new.services = new.services.map { $0.pinned(to: made.release, root: root) }
        var plan = PlanRequest(kind: kind, old: agent.definitions, new: new, root: root)
        plan.asked = request.services ?? []
        plan.all = request.all ?? false
        for spec in new.services {
            // Who does not run from a release is not made of it.
            plan.newDigests[spec.name] = spec.release == nil ? "" : made.release.digests[spec.name]
        }
        for spec in plan.old.services {
            let release = releases.first { $0.id == spec.release }
            plan.oldDigests[spec.name] =
                new.service(spec.name)?.release == nil ? "" : release?.digests[spec.name]
        }
        return plan
    }

    /// The plan, and what comes of it.
    private func finish(
        _ request: PlanRequest, _ record: inout Rollout, _ asked: ControlRequest,
        _ connection: ControlConnection, _ release: Release? = nil
    ) {
        var request = request
        request.wanted = Set(
            agent.stack?.order.filter { agent.stack?.members[$0]?.isWanted == true } ?? [])
        request.canSteer = ReuseportGroup.canSteer
        request.startOrder = startOrder(of: request.new.services)
        let record = record
        connection.keepOpen()
        agent.ledger.ask({ $0.rollouts(limit: AgentLimits.rolloutsLearnedFrom, $1) }) {
            [unowned self] (known: [Rollout]?) in
            request.durations = Rollout.durations(in: known ?? [])
            var plan = Rollouts.plan(request)
            plan.release = release
            plan.previousRelease = record.previousRelease
            if asked.plan == true {
                plan.obstacles += obstacles
                var reply = ControlReply.end()
                reply.plan = plan
                return connection.send(reply)
            }
            var record = record
            record.steps = plan.steps
            if record.kind == .restart {
                guard rollout == nil else { _ = mayBegin(asked, connection); return }
                nextID += 1
                agent.record(
                    .asked, nil, .notice,
                    "asked by \(record.askedBy): restart \(plan.steps.map(\.service.text).joined(separator: " "))"
                )
                attend(asked, connection, record)
            }
            record.state = .running
            preparing = record
            agent.keepSides(old: request.old, new: request.new) { [unowned self] failure in
                guard preparing?.state != .cancelled else {
                    record.state = .cancelled
                    return refuse(&record, "cancelled before anything was changed", nil)
                }
                if let failure, record.kind != .restart {
                    return refuse(&record, "nothing was changed: \(failure)", nil)
                }
                begin(record, old: request.old, new: request.new)
            }
        }
    }

    private var obstacles: [String] {
        var found = agent.freezeWords.map { [$0 + ": needs --override-freeze"] } ?? []
        if let rollout { found.append("rollout \(rollout.id) is under way") }
        return found
    }

    /// It ends before any service was touched.
    private func refuse(
        _ record: inout Rollout, _ words: String, _ connection: ControlConnection?
    ) {
        if let connection { return connection.send(.failure(.failed, words)) }
        if record.state != .cancelled { record.state = .failed }
        record.finishedAt = Clock.wallTime()
        record.message = words
        record.failure = RolloutFailure(service: nil, reason: words)
        preparing = nil
        agent.ledger.write([.rollout(record)])
        conclude(record)
    }
}
