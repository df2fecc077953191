import StackModel
import Supervision

/// What the stack is told goes into the books before it decides.
extension Laws {
    mutating func hear(_ event: Stack.Event, _ stack: Stack, _ now: Moment) {
        expectation = nil
        switch event {
        case .happened(let name, let event): hear(event, of: name, stack, now)
        case .judged(let name, let verdict, _): hear(verdict, of: name)
        case .troubled(let thing, let isBad):
            if isBad { troubled.insert(thing) } else { troubled.remove(thing) }
        case .began(let stopped, _, _):
            take(stack.spec.services, now)
            for name in stack.order where !stopped.contains(name) { records[name]?.isWanted = true }
        case .startRequested(let names) where !isShuttingDown: want(names)
        case .restartRequested(let names) where !isShuttingDown:
            want(names)
            restartsAsked.formUnion(stack.restartOrder(names))
        case .stopRequested(let names):
            restartsAsked.subtract(names)
            unwant(names, now)
        case .reloaded(let spec) where !isShuttingDown: hear(spec, now)
        // Rollouts have a simulation of their own.
        case .startRequested, .restartRequested, .reloaded, .replaceRequested, .tookOver,
            .removeRequested:
            break
        case .shutdownRequested, .hastened:
            if finishBy == nil || event == .hastened {
                finishBy = now + (event == .hastened ? Self.killLimit : Self.stopAllLimit)
            }
            isShuttingDown = true
            unwant(Array(records.keys), now)
        }
    }

    private mutating func hear(
        _ event: Lifecycle.Event, of name: ServiceName, _ stack: Stack, _ now: Moment
    ) {
        switch event {
        case .spawned(let saysWhenReady):
            records[name]?.isThere = true
            records[name]?.isReady = !saysWhenReady
        case .spawnFailed(let words):
            records[name]?.isAlive = false
            records[name]?.fate = .policy(.notStarted(words))
            expect(name, stack, now)
        case .exited(let reason):
            records[name]?.isEnding = true
            records[name]?.toldReason = reason
        case .emptied:
            records[name]?.isAlive = false
            records[name]?.emptyBy = nil
            expect(name, stack, now)
        case .extended(let more):
            if let limit = records[name]?.emptyBy {
                records[name]?.emptyBy = max(limit, now + more + Self.killLimit)
            }
        case .alarmRang, .startRequested, .stopRequested, .restartRequested, .permitted,
            .becameReady,
            .becameUnhealthy, .hastened, .tookOver, .found:
            break
        }
    }

    private mutating func hear(_ verdict: Verdict, of name: ServiceName) {
        guard records[name]?.isRunning == true else { return }
        records[name]?.verdict = verdict
        if verdict == .healthy || verdict == .degraded { records[name]?.isReady = true }
    }

    private mutating func hear(_ spec: StackSpec, _ now: Moment) {
        let wasWanted = records.values.contains { $0.isWanted }
        let fresh = spec.services.map(\.name).filter { !file.contains($0) }
        let kept = Set(spec.services.map(\.name))
        unwant(records.keys.filter { !kept.contains($0) }, now)
        take(spec.services, now)
        restartsAsked.formUnion(kept)
        if wasWanted { want(fresh) }
    }

    private mutating func take(_ services: [ServiceSpec], _ now: Moment) {
        for service in services {
            if let record = records[service.name] {
                record.spec = service
            } else {
                records[service.name] = Record(service, since: now)
            }
        }
        file = Set(services.map(\.name))
    }

    /// The wish includes all that is needed.
    private mutating func want(_ names: [ServiceName]) {
        for name in names where file.contains(name) && records[name] != nil {
            records[name]?.isWanted = true
            let needed = records[name]?.spec.dependencies.filter(\.isRequired).map(\.service) ?? []
            want(needed)
        }
    }

    private mutating func unwant(_ names: [ServiceName], _ now: Moment) {
        for name in names where records[name]?.isWanted == true {
            records[name]?.isWanted = false
            records[name]?.unwantedSince = now
        }
    }
}
