package import StackModel

/// The order and fate of all services: nine lifecycles, what they need of each other, and what is
/// wished.
///
/// As pure as `Lifecycle`: events in, effects out. Wish and fact are apart: `isWanted` is the
/// operator's word, a lifecycle's state is what is.
package struct Stack: Sendable {
    package struct Member: Sendable {
        package internal(set) var spec: ServiceSpec
        package internal(set) var state = Lifecycle.State.down(.stopped)
        package internal(set) var isWanted = false
        /// What the probes say of this instance; nil: nothing yet.
        package internal(set) var isHealthy: Bool?
        /// How many instances there have been.
        package internal(set) var instances = 0
        /// The definition that the next instance gets.
        package internal(set) var nextSpec: ServiceSpec?
        /// No longer in the stack file: goes when it is down.
        package internal(set) var isLeaving = false
        var policy: LifePolicy

        init(_ spec: ServiceSpec) {
            self.spec = spec
            policy = LifePolicy(spec)
        }
    }

    package enum Event: Equatable, Sendable {
        case happened(ServiceName, Lifecycle.Event)
        /// `hung`: it did not answer at all.
        case judged(ServiceName, Verdict, hung: Bool)
        /// Something that several services use is known to be bad, or is no longer.
        case troubled(Subject.Thing, Bool)
        /// The agent begins: all but these are wanted, as the operator left it.
        /// `running`: instances of an earlier agent, by their numbers. `pasts`: what it knew.
        case began(
            stopped: [ServiceName], running: [ServiceName: Int] = [:],
            pasts: [ServiceName: Past] = [:])
        case startRequested([ServiceName])
        case stopRequested([ServiceName])
        /// One after another, each when the one before it is well again.
        case restartRequested([ServiceName])
        case reloaded(StackSpec)
        /// The service gets an instance of this definition: a new service too.
        case replaceRequested(ServiceSpec)
        /// An instance of this definition serves already, in the place of the one there was.
        case tookOver(ServiceSpec)
        /// The service goes: it is stopped first.
        case removeRequested(ServiceName)
        case shutdownRequested
        /// The shutdown must not wait any longer.
        case hastened
    }

    package enum Effect: Equatable, Sendable {
        case service(ServiceName, Lifecycle.Effect)
        case transitioned(
            ServiceName, from: Lifecycle.State, to: Lifecycle.State, because: Lifecycle.Event)
        /// Its definition changed without a new instance: probes and policies follow the new one.
        case adjusted(ServiceName)
        case removed(ServiceName)
        /// A restart of several stopped at `at`; these kept their old instances.
        case restartAbandoned(at: ServiceName, [ServiceName])
        /// It is unhealthy through its own fault, and the brake forbids its restart for now.
        case braked(ServiceName)
        /// Shut down, and nothing is left.
        case finished
    }

    package private(set) var spec: StackSpec
    package internal(set) var members = Roster()
    /// The start order.
    package private(set) var order: [ServiceName] = []
    package private(set) var isShuttingDown = false
    package private(set) var troubledThings: Set<Subject.Thing> = []
    /// Unhealthy through their own fault, and held by the brake.
    package internal(set) var braked: Set<ServiceName> = []
    var brake = Brake()
    var restarts = RestartQueue()
    private var hasFinished = false

    package init(_ spec: StackSpec) {
        self.spec = spec
        for service in spec.services { members[service.name] = Member(service) }
        order = startOrder(of: spec.services)
    }

    /// Decides what follows from `event`.
    package mutating func receive(
        _ event: Event, in surroundings: Lifecycle.Surroundings
    ) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .happened(let name, let event):
            if event == .alarmRang, let respite = respite(for: name, surroundings.now, &effects) {
                effects.append(.service(name, .setAlarm(respite)))
            } else {
                step(name, event, surroundings, &effects)
            }
        case .judged(let name, let verdict, let hung):
            judge(name, verdict, hung: hung, surroundings, &effects)
        case .troubled(let thing, let isBad):
            if isBad { troubledThings.insert(thing) } else { troubledThings.remove(thing) }
        case .began(let stopped, let running, let pasts):
            let wanted = order.filter { !stopped.contains($0) }
            for name in wanted { members[name]?.isWanted = true }
            for name in order where wanted.contains(name) || running[name] != nil {
                if let past = pasts[name], wanted.contains(name) {
                    resume(name, past, isRunning: running[name] != nil, surroundings, &effects)
                } else {
                    step(name, .startRequested, surroundings, &effects)
                }
            }
            for name in order {
                guard let number = running[name] else { continue }
                find(name, number, pasts[name], surroundings, &effects)
            }
        case .startRequested(let names):
            guard !isShuttingDown else { break }
            want(names, surroundings, &effects)
        case .stopRequested(let names):
            for name in names { members[name]?.isWanted = false }
            restarts.remove(names)
        case .restartRequested(let names):
            guard !isShuttingDown else { break }
            restart(names, surroundings, &effects)
        case .reloaded(let spec):
            guard !isShuttingDown else { break }
            reload(spec, surroundings, &effects)
        case .replaceRequested(let spec):
            guard !isShuttingDown else { break }
            replace(spec, surroundings, &effects)
        case .tookOver(let spec):
            takeOver(spec, surroundings, &effects)
        case .removeRequested(let name):
            leave(name)
        case .shutdownRequested:
            shutDown()
        case .hastened:
            shutDown()
            for name in order { step(name, .hastened, surroundings, &effects) }
        }
        settle(surroundings, &effects)
        return effects
    }

    /// Takes the new definitions: `Stack+Reload.swift` decides what they mean.
    mutating func adopt(_ spec: StackSpec) {
        self.spec = spec
        let leaving = order.filter { members[$0]?.isLeaving == true }
        // Those that leave keep their place behind the others until they are down.
        order =
            startOrder(of: spec.services)
            + leaving.filter { name in
                !spec.services.contains { $0.name == name }
            }
    }

    private mutating func shutDown() {
        isShuttingDown = true
        restarts = RestartQueue()
        for name in order { members[name]?.isWanted = false }
    }

    mutating func step(
        _ name: ServiceName, _ event: Lifecycle.Event, _ surroundings: Lifecycle.Surroundings,
        _ effects: inout [Effect]
    ) {
        guard var member = members[name] else { return }
        let before = member.state
        if event == .permitted, let next = member.nextSpec { member.take(next) }
        let (after, orders) = Lifecycle.step(before, event, policy: member.policy, in: surroundings)
        member.state = after
        if !after.isRunning { braked.remove(name) }
        if orders.contains(.spawn) {
            member.instances += 1
            member.isHealthy = nil  // A new instance never inherits a verdict.
        }
        members[name] = member
        if after != before {
            effects.append(.transitioned(name, from: before, to: after, because: event))
        }
        effects += orders.map { .service(name, $0) }
    }

    private mutating func judge(
        _ name: ServiceName, _ verdict: Verdict, hung: Bool, _ surroundings: Lifecycle.Surroundings,
        _ effects: inout [Effect]
    ) {
        guard let member = members[name], member.state.isRunning else { return }
        switch verdict {
        case .unknown:
            members[name]?.isHealthy = nil
        case .healthy, .degraded:
            members[name]?.isHealthy = true
            step(name, .becameReady, surroundings, &effects)
        case .blocked:
            members[name]?.isHealthy = false
        case .unhealthy:
            members[name]?.isHealthy = false
            // While something it needs is bad it is not its own fault, and a restart would not
            // help.
            if member.isWanted, member.spec.onUnhealthy == .restart, culprits(behind: name).isEmpty,
                releaseBrake(for: name, surroundings.now, &effects) == nil
            {
                step(name, .becameUnhealthy(hung: hung), surroundings, &effects)
            }
        }
        if verdict != .unhealthy { braked.remove(name) }
    }

    /// `names` are to run, and what they need has to be there.
    mutating func want(
        _ names: [ServiceName], _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        let needed = withDependencies(names)
        for name in needed { members[name]?.isWanted = true }
        let asked = Set(names).union(needed.flatMap(missing))
        for name in needed where asked.contains(name) {
            step(name, .startRequested, surroundings, &effects)
        }
    }

    /// How much longer an alarm that rang has to wait; nil: it counts. A start that others hold up
    /// is not the service's own failure, and while it is unwell nothing is forgiven.
    private mutating func respite(
        for name: ServiceName, _ now: Moment, _ effects: inout [Effect]
    ) -> Duration? {
        guard let member = members[name] else { return nil }
        switch member.state {
        case .starting:
            guard let limit = member.policy.startLimit else { return nil }
            guard member.isWanted, culprits(behind: name).isEmpty else { return limit }
            return releaseBrake(for: name, now, &effects)
        case .up: return member.isWell ? nil : member.policy.restart.backoff.resetAfter
        case .down, .held, .stopping, .clearing, .waiting, .failed: return nil
        }
    }

    /// Does all that has become possible: stops, removals, restarts, and one start. The shell's
    /// answer to that start brings the next one: so each is decided knowing what came of the one
    /// before.
    private mutating func settle(
        _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        stopUnwanted(surroundings, &effects)
        removeLeaving(&effects)
        while advanceRestarts(surroundings, &effects) {}
        if let name = nextToStart { step(name, .permitted, surroundings, &effects) }
        if isShuttingDown, !hasFinished, members.going.isEmpty {
            hasFinished = true
            effects.append(.finished)
        }
    }

    /// Dependents first, as far as they have to go as well. What is ending anyhow just does not
    /// come back.
    private mutating func stopUnwanted(
        _ surroundings: Lifecycle.Surroundings, _ effects: inout [Effect]
    ) {
        guard !members.unwanted.isEmpty else { return }
        let unwanted = order.reversed().filter(members.unwanted.contains)
        let leanedOn = leanedOn()
        for name in unwanted
        where members[name]?.state.isRunning == false || !leanedOn.contains(name) {
            step(name, .stopRequested, surroundings, &effects)
        }
    }

    private mutating func removeLeaving(_ effects: inout [Effect]) {
        guard !members.leaving.isEmpty else { return }
        for name in order.filter(members.leaving.contains)
        where members[name]?.state.isDown == true {
            members[name] = nil
            order.removeAll { $0 == name }
            effects.append(.removed(name))
        }
    }

    private var nextToStart: ServiceName? {
        guard !members.held.isEmpty else { return nil }
        return order.first { members.held.contains($0) && mayStart($0) }
    }

    private func mayStart(_ name: ServiceName) -> Bool {
        members[name]?.isWanted == true && missing(for: name).isEmpty
    }
}

extension Stack.Member {
    mutating func take(_ spec: ServiceSpec) {
        self.spec = spec
        policy = LifePolicy(spec)
        nextSpec = nil
    }

    /// Up, and not known to be unwell.
    package var isWell: Bool {
        guard case .up = state else { return false }
        return spec.healthCheck.probe == .none || isHealthy == true
    }
}
