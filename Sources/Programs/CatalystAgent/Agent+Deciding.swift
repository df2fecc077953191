internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

/// Events into the stack, one at a time, and its orders out.
extension Agent {
    /// Tells the stack what happened, now or after what is being decided.
    func post(_ event: Stack.Event) {
        inbox.append(event)
        guard !isDeciding else { return }
        isDeciding = true
        while !inbox.isEmpty { decide(inbox.removeFirst()) }
        isDeciding = false
    }

    /// Answers what is being carried out, before anything else is heard.
    func answer(_ event: Stack.Event) {
        guard isDeciding else { return post(event) }
        inbox.insert(event, at: 0)
    }

    private func decide(_ event: Stack.Event) {
        let surroundings = Lifecycle.Surroundings(now: Clock.now(), chance: .random(in: 0..<1))
        guard let effects = stack?.receive(event, in: surroundings) else { return }
        for effect in effects { perform(effect) }
        var touched = event.subject.map { [$0] } ?? []
        for case .transitioned(let name, _, _, _) in effects where !touched.contains(name) {
            touched.append(name)
        }
        for name in touched {
            noticeWellness(of: name)
            rolling.notice(name)
        }
    }

    /// A change that those who need it are to hear of.
    private func noticeWellness(of name: ServiceName) {
        guard let runner = runners[name], let member = stack?.members[name],
            runner.wasWell != member.isWell
        else { return }
        account(name, runner)
        runner.wasWell = member.isWell
        alarms.lookSoon()
        // When the turn is over: whoever is being restarted does not wait until others were asked.
        wellnessChanges.append(name)
    }

    private func perform(_ effect: Stack.Effect) {
        switch effect {
        case .service(let name, let effect): runner(name).perform(effect)
        case .transitioned(let name, let from, let to, let event): tell(name, from, to, event)
        case .adjusted(let name): runner(name).adjustProbing()
        case .braked(let name):
            record(
                .braked, name, .error,
                "not restarted: the brake allows \(stack?.spec.brake.restarts ?? 0) restarts for bad health "
                    + "in \(stack?.spec.brake.window ?? .zero), and never a service and what it needs at once"
            )
        case .removed(let name):
            runners.removeValue(forKey: name)?.discard()
            meter.forget(.service(name))
            alarms.receive(.left(.service(name)))
            record(.down, name, .notice, "left the stack file, and is gone")
            whenRemoved.removeValue(forKey: name)?()
        case .restartAbandoned(let name, let rest):
            let names = rest.map(\.text).joined(separator: ", ")
            record(.asked, name, .error, "did not come back well: not restarting \(names)")
            abandonWaiters(at: name, keeping: rest)
        case .finished:
            record(.agentStopping, nil, .notice, "all services are down")
            isFinishing = true
            swapEnded()
        }
    }

    /// The last of two instances is gone: whoever waits for the end need not wait for it any more.
    func swapEnded() {
        if isFinishing, runners.values.allSatisfy({ $0.other == nil }) { loop.stop() }
    }

    private func tell(
        _ name: ServiceName, _ from: Lifecycle.State, _ to: Lifecycle.State,
        _ event: Lifecycle.Event
    ) {
        let runner = runner(name)
        alarms.lookSoon()
        // Whoever calls a service that was given up is refused, and does not wait in vain.
        switch to {
        case .failed, .down: if runner.swap == nil { runner.leaveUsers() }
        default: break
        }
        if from.stage != to.stage { runner.since = Clock.wallTime() }
        rememberInstances()
        // One that was found running a moment ago waits for nothing.
        let isHeld = if case .held = stack?.members[name]?.state { true } else { false }
        let missing = isHeld ? stack?.missing(for: name) ?? [] : []
        guard let words = narrate(from, to, event, missing: missing) else { return }
        record(words.kind, name, words.priority, words.message)
    }
}
