internal import LinuxSystem
internal import Monitoring
internal import Rollouts
internal import StackModel
internal import Supervision

/// A service whose instance is being replaced, from the request until nobody needs to look any more.
struct Bringing {
    let service: ServiceName
    let side: Train.Side
    let spec: ServiceSpec
    /// In its place: the number of the last instance before; nil: beside the one that runs.
    var after: Int?
    var hasSpawned = false
    var isReady = false
    /// Those whose connections are still being served, while callers wait in the new socket.
    var isHandingOver = false
    let since = Clock.wallTime()
    var alarm: AlarmID?
}

/// How instances are brought up, and go.
extension Rolling {
    func bring(_ name: ServiceName, _ side: Train.Side) {
        endBringing()
        order += 1
        falling = nil
        guard let stack = agent.stack, let spec = (side == .new ? new : old)?.service(name) else {
            return fell(name, "is not in the stack")
        }
        let runner = agent.runner(name)
        if runner.swap != nil { return giveUpSwap(of: runner, spec, side) }
        bringing = Bringing(service: name, side: side, spec: spec)
        let member = stack.members[name]
        if let member, !member.isWanted {
            // Its definition changes, and that it does not run is no fall.
            bringing?.isReady = true
            agent.post(.replaceRequested(spec))
            return ready(name)
        }
        let step = train?.record.steps.first { $0.service == name }
        // Asked for, it is replaced by its like.
        if side == .old || step?.change != .asked, let member, member.isWell, member.spec == spec,
            member.nextSpec == nil
        {
            return ready(name)
        }
        if side == .old, let member, member.state.isRunning, member.spec == spec,
            member.nextSpec == nil, member.isHealthy == nil
        {
            // It was found running a moment ago: whether it is well is not known yet.
            bringing?.after = member.instances - 1
            bringing?.hasSpawned = true
            return notice(name)
        }
        let way = step?.way ?? .stopFirst
        guard let member, member.state.isRunning, let sockets = runner.sockets,
            sockets.address == spec.listen, way != .stopFirst
        else { return bringInPlace(spec) }
        way == .canary ? bringBeside(spec, runner) : handOver(spec, runner, sockets)
    }

    /// What is under way is given up, or waited for; where users are, or are again, at the old one, that is it.
    private func giveUpSwap(of runner: Runner, _ spec: ServiceSpec, _ side: Train.Side) {
        let name = spec.name
        runner.onSwap = { [unowned self] in if $0 == .settled { bring(name, side) } }
        if side == .old || runner.swap?.isAdmitted == false { runner.swapped(.withdrawRequested) }
        guard runner.swap?.state == .withdrawing, side == .old,
            agent.stack?.members[name]?.spec == spec
        else { return runner.swapped(.retireRequested) }
        runner.onSwap = { [unowned self] in if $0 == .settled { swapSettled(name) } }
        bringing = Bringing(service: name, side: side, spec: spec, isReady: true)
        answer(.becameReady(name), of: name)
    }

    private func bringBeside(_ spec: ServiceSpec, _ runner: Runner) {
        let name = spec.name
        do throws(SpawnError) {
            try runner.beginSwap(to: spec) { [unowned self] in swapTold(name, $0) }
            spawned(name)
        } catch {
            fell(name, error.description)
        }
    }

    private func swapTold(_ name: ServiceName, _ outcome: Swap.Outcome) {
        switch outcome {
        case .ready: ready(name)
        case .fell(let words): fell(name, words)
        case .settled: swapSettled(name)
        }
    }

    private func swapSettled(_ name: ServiceName) {
        // Its fall is told, and not that it is over.
        if falling != name { answer(.left(name), of: name) }
    }

    /// Callers wait in a new socket's queue; the old instance ends when it has served those it has.
    private func handOver(_ spec: ServiceSpec, _ runner: Runner, _ sockets: OwnedSockets) {
        guard let previous = sockets.turnOver() else { return bringInPlace(spec) }
        bringing?.isHandingOver = true
        let deadline = Clock.now() + AgentLimits.queueWait
        func look() {
            guard bringing?.service == spec.name, bringing?.isHandingOver == true else { return }
            guard sockets.waiting(in: previous) > 0, Clock.now() < deadline else {
                agent.loop.setAlarm(after: runner.instance?.spec.drain ?? .zero) {
                    [unowned self] in
                    guard bringing?.service == spec.name, bringing?.isHandingOver == true else {
                        return
                    }
                    bringing?.isHandingOver = false
                    bringInPlace(spec)
                }
                return
            }
            agent.loop.setAlarm(after: AgentLimits.queuePoll) { look() }
        }
        look()
    }

    private func bringInPlace(_ spec: ServiceSpec) {
        let name = spec.name
        bringing?.after = agent.stack?.members[name]?.instances ?? 0
        bringing?.alarm = agent.loop.setAlarm(after: AgentLimits.heldMax) { [unowned self] in
            guard bringing?.service == name, bringing?.isReady == false else { return }
            fell(name, "did not start within \(AgentLimits.heldMax): " + waitingWords(name))
        }
        agent.post(.replaceRequested(spec))
        notice(name)
    }

    private func waitingWords(_ name: ServiceName) -> String {
        let missing = agent.stack?.missing(for: name).map(\.text) ?? []
        return missing.isEmpty ? "it still stops" : "waits for " + missing.joined(separator: ", ")
    }

    /// Something happened to a service: what does that mean for its replacement?
    func notice(_ name: ServiceName) {
        guard let current = bringing, current.service == name,
            let member = agent.stack?.members[name]
        else { return }
        guard member.isWanted else {
            if !current.isReady || agent.isSoaking(name) {
                fell(name, "was stopped by the operator")
            }
            return
        }
        // Beside another its life is the swap's business, until it is on its own.
        guard let after = current.after else {
            if agent.runner(name).swap == nil, current.isReady { noticeEnd(of: member, current) }
            return
        }
        guard member.instances > after, member.nextSpec == nil else { return }
        if !current.hasSpawned {
            bringing?.hasSpawned = true
            spawned(name)
        }
        if member.isWell, !current.isReady { return ready(name) }
        noticeEnd(of: member, current)
    }

    private func noticeEnd(of member: Stack.Member, _ current: Bringing) {
        let name = current.service
        let exit = agent.runner(name).lastExit.map { "\($0)" } ?? "ended"
        switch member.state {
        case .down(.ended(let reason)) where reason.isSuccess: if !current.isReady { ready(name) }
        case .down, .waiting, .failed, .clearing(_, .policy, _): fell(name, exit)
        case .stopping(.policy, _), .starting, .up:
            guard member.isHealthy == false,
                agent.board[.service(name)]?.tally.verdict == .unhealthy
            else { return }
            fell(name, "is unhealthy: \(agent.trouble(of: name) ?? "its probe fails")")
        case .held, .stopping, .clearing: return
        }
    }

    private func spawned(_ name: ServiceName) { answer(.spawned(name), of: name) }

    private func ready(_ name: ServiceName) {
        agent.loop.cancel(bringing?.alarm)
        bringing?.isReady = true
        answer(.becameReady(name), of: name)
    }

    private func fell(_ name: ServiceName, _ words: String) {
        let since = bringing?.since ?? Clock.wallTime()
        let report = agent.runner(name).reportOfTheNew
        endBringing()
        falling = name
        let asked = order
        gatherEvidence(of: name, words, report: report, since: since) { [unowned self] failure in
            guard asked == order, train != nil else { return }
            falling = nil
            answer(.fell(name, words), of: name)
            attach(failure)
        }
    }

    private func endBringing() {
        agent.loop.cancel(bringing?.alarm)
        bringing = nil
    }

    /// Users go to the new instance; the old one may have callers in its queue that it died before.
    func admit(_ name: ServiceName, since: Moment = Clock.now()) {
        let runner = agent.runner(name)
        if isLost(name) { return fell(name, "it was gone when the agent came back") }
        if runner.swap?.state == .ready {
            let hasOld = runner.instance.map { !$0.mainHasEnded } ?? false
            if !hasOld, let sockets = runner.sockets, sockets.waiting(in: sockets.main) > 0,
                Clock.now() - since < AgentLimits.admissionWait
            {
                agent.loop.setAlarm(after: AgentLimits.queuePoll) { [unowned self] in
                    admit(name, since: since)
                }
                return
            }
            runner.swapped(.admitRequested(hasOld: hasOld))
        }
        // It was admitted by an agent before this one.
        if bringing == nil, let member = agent.stack?.members[name] {
            bringing = Bringing(service: name, side: .new, spec: member.spec, isReady: true)
            if runner.swap == nil { bringing?.after = member.instances - 1 }
            bringing?.hasSpawned = true
            runner.onSwap = { [unowned self] in swapTold(name, $0) }
        }
        let soak = soak(of: name)
        if soak > .zero { agent.beginSoak(of: name, soak) }
    }

    private func soak(of name: ServiceName) -> Duration {
        guard let record = train?.record, let spec = new?.service(name), let new else {
            return .zero
        }
        return StepPolicy(spec, in: new, kind: record.kind, isAlone: record.steps.count == 1).soak
    }

    func retire(_ name: ServiceName) {
        agent.endSoak()
        guard falling != name else { return }
        if isLost(name) { return fell(name, "it was gone when the agent came back") }
        let runner = agent.runner(name)
        endBringing()
        guard runner.swap != nil else { return answer(.left(name), of: name) }
        runner.onSwap = { [unowned self] in if $0 == .settled { swapSettled(name) } }
        if runner.swap?.isAdmitted == true { runner.swapped(.retireRequested) }
    }

    /// Users are at the old instance, though they should be at the new one.
    private func isLost(_ name: ServiceName) -> Bool {
        guard let step = train?.record.steps.first(where: { $0.service == name }), step.isAdmitted,
            agent.runner(name).swap == nil, let spec = new?.service(name),
            let member = agent.stack?.members[name], member.isWanted
        else { return false }
        return member.spec != spec && member.nextSpec != spec
    }

    func remove(_ name: ServiceName) {
        guard agent.stack?.members[name] != nil else { return answer(.left(name), of: name) }
        agent.whenRemoved[name] = { [unowned self] in answer(.left(name), of: name) }
        agent.post(.removeRequested(name))
    }

    func askHold(of name: ServiceName) {
        guard let spec = agent.stack?.members[name]?.spec,
            let hold = (new?.service(name) ?? spec).hold,
            let prepared = try? agent.runner(name).prepare(spec)
        else { return receive(.holdAnswered(name, nil)) }
        var request = prepared.request
        request.arguments = hold.command
        request.output = .null
        request.error = .null
        _ = CommandRun(
            request, of: name.text, spec.resources, timeout: AgentLimits.holdTime, agent: agent
        ) { [unowned self] report in
            receive(.holdAnswered(name, Self.heldWords(report)))
        }
    }

    /// Exit 0 means "not now". A command that cannot say anything is not taken for a "go on".
    private static func heldWords(_ report: Report) -> String? {
        let said = report.body?.split(separator: "\n").first.map { ": \($0)" } ?? ""
        switch report.outcome {
        case .healthy, .degraded: return "its hold command says 'not now'\(said)"
        case .failed(.exitCode(let code)) where code < 126: return nil
        case .failed(let failure): return "its hold command fails: \(failure)"
        case .unknown(let words): return "its hold command cannot be asked: \(words)"
        }
    }
}
