import StackModel
import Supervision
import TestSupport

/// What services need of each other, from the books.
extension Laws {
    func isWell(_ name: ServiceName, _ stack: Stack) -> Bool {
        guard let record = records[name], record.isRunning, record.isReady else { return false }
        if stack.members[name]?.spec.healthCheck.probe == Probe.none { return true }
        return record.verdict == .healthy || record.verdict == .degraded
    }

    func isMet(_ dependency: Dependency, _ stack: Stack) -> Bool {
        guard let other = records[dependency.service] else { return !dependency.isRequired }
        let isThere: Bool =
            switch dependency.condition {
            case .started: other.isRunning && other.isThere
            case .healthy: isWell(dependency.service, stack)
            case .completed: other.isCompleted
            }
        return isThere || !dependency.isRequired && isOutOfReach(dependency.service, stack)
    }

    private func isOutOfReach(_ name: ServiceName, _ stack: Stack) -> Bool {
        switch stack.members[name]?.state {
        case nil, .down, .failed: true
        case .held, .starting, .up, .stopping, .clearing, .waiting: false
        }
    }

    /// Something that `name` needs, directly or through others, and that is not well.
    func culprit(behind name: ServiceName, _ stack: Stack) -> Subject? {
        if let thing = troubled.first(where: { stack.members[name]?.spec.uses($0) == true }) {
            return .thing(thing)
        }
        for dependency in records[name]?.spec.dependencies ?? [] {
            let isRunning = records[dependency.service]?.isRunning == true
            let isFine =
                isRunning && dependency.condition != .completed
                ? isWell(dependency.service, stack) : isMet(dependency, stack)
            if !isFine { return .service(dependency.service) }
            if !isRunning { continue }
            if let deeper = culprit(behind: dependency.service, stack) { return deeper }
        }
        return nil
    }

    /// Whether trouble with `other` could be why `name` fares badly: not through what is done, or
    /// can be done without.
    func needs(_ name: ServiceName, _ other: ServiceName, _ stack: Stack) -> Bool {
        (records[name]?.spec.dependencies ?? []).contains { dependency in
            if dependency.service == other { return true }
            let isRunning = records[dependency.service]?.isRunning == true
            if !isRunning, isMet(dependency, stack) { return false }
            return needs(dependency.service, other, stack)
        }
    }

    func leans(_ name: ServiceName, on other: ServiceName) -> Bool {
        (records[name]?.spec.dependencies ?? []).contains { dependency in
            dependency.service == other || leans(dependency.service, on: other)
        }
    }

    /// A service is spawned only when it is wanted, no instance of it is alive, its pause is over,
    /// all that it needs is there, and the stack is not shutting down.
    mutating func seeSpawn(_ name: ServiceName, _ stack: Stack, _ now: Moment) throws(Violation) {
        guard let record = records[name] else {
            throw Violation("\(name): spawned, and is not in the file")
        }
        if record.isAlive { throw Violation("\(name): two instances") }
        if isShuttingDown { throw Violation("\(name): spawned during the shutdown") }
        if !record.isWanted { throw Violation("\(name): spawned, and is not wanted") }
        if record.pause != nil { throw Violation("\(name): spawned during its pause") }
        if let dependency = record.spec.dependencies.first(where: { !isMet($0, stack) }) {
            throw Violation("\(name): spawned without \(dependency.service)")
        }
        records[name]?.isAlive = true
        records[name]?.isThere = false
        records[name]?.isEnding = false
        records[name]?.isReady = false
        records[name]?.verdict = .unknown
        records[name]?.upSince = nil
        records[name]?.wellSince = nil
        records[name]?.toldReason = nil
    }
}
