internal import ControlProtocol
internal import ControlServer
internal import JSONLines
internal import Ledger
internal import LinuxSystem
internal import Releases
internal import Rollouts
internal import StackModel
internal import Supervision

/// From what was asked for to a rollout that can begin: the release, the plan, both sides on disk.
extension Rolling {
    func prepare(
        _ kind: Rollout.Kind, _ arguments: [String], _ request: ControlRequest,
        _ connection: ControlConnection
    ) {
        var record = newRollout(kind, request, connection)
        connection.keepOpen()
        let isPlan = request.plan == true
        if !isPlan {
            nextID += 1
            preparing = record
            attend(request, connection, record)
        }
        do {
            tool = try ToolRun(
                arguments + agent.options.stackArguments, named: "release",
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
            return refuse(
                &record,
                outcome.isLate
                    ? "making the release took longer than \(AgentLimits.preparationMax)"
                    : outcome.errorWords ?? "catalystctl release \(outcome.exit)", asker)
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
    func finish(
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

extension ToolRun.Outcome {
    /// What went wrong, in a line: the error behind the tool's name, without the progress before it. Nil: it said
    /// nothing.
    fileprivate var errorWords: String? {
        let name = "catalystctl: "
        let lines = complaints.split(separator: "\n")
        let start = lines.lastIndex { $0.hasPrefix(name) } ?? max(0, lines.count - 20)
        let words = lines[start...].prefix(20).map { line in
            (line.hasPrefix(name) ? line.dropFirst(name.count) : line).drop { $0 == " " }
        }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }
}
