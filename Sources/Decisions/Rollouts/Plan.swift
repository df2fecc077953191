package import StackModel

/// What a rollout starts from, and where it is to lead.
package struct PlanRequest: Sendable {
    package var kind: Rollout.Kind
    /// What runs: each service's definition as its instance has it, paths leading into its release.
    package var old: StackSpec
    /// What is to run. For a restart the same.
    package var new: StackSpec
    /// The directory of the releases, by which definitions of two releases are compared.
    package var root: String
    /// Of `new`: what is depended on first.
    package var startOrder: [ServiceName] = []
    /// What each service runs is made of; unknown where it is missing.
    package var oldDigests: [ServiceName: String] = [:]
    package var newDigests: [ServiceName: String] = [:]
    /// Restart: these, in this order. Deploy and rollback: only these; empty: all that changed.
    package var asked: [ServiceName] = []
    /// Also what has not changed.
    package var all = false
    /// Services that are to run.
    package var wanted: Set<ServiceName> = []
    /// The kernel lets us choose who gets a connection.
    package var canSteer = true
    /// How long each service's step took lately.
    package var durations: [ServiceName: Duration] = [:]

    package init(kind: Rollout.Kind, old: StackSpec, new: StackSpec, root: String) {
        self.kind = kind
        self.old = old
        self.new = new
        self.root = root
    }

    func old(_ name: ServiceName) -> ServiceSpec? { old.services.first { $0.name == name } }
    func new(_ name: ServiceName) -> ServiceSpec? { new.services.first { $0.name == name } }
}

/// Which services are rolled, why, how and in which order; and what that takes.
package func plan(_ request: PlanRequest) -> RolloutPlan {
    var steps =
        request.kind == .restart
        ? request.asked.filter { request.new($0) != nil }.map {
            RolloutStep($0, .asked, .stopFirst)
        }
        : request.changes
    for index in steps.indices {
        (steps[index].way, steps[index].wayReason) = request.way(of: steps[index])
    }
    var plan = RolloutPlan(kind: request.kind, steps: steps)
    let rolled = Set(steps.map(\.service))
    let removed = request.old.services.map(\.name).filter { request.new($0) == nil }
    plan.unchanged = (request.new.services.map(\.name) + removed).filter { !rolled.contains($0) }
    plan.stackKeys = request.new.keys(differingFrom: request.old)
    for step in steps {
        let known = request.durations[step.service]
        plan.expected += known ?? request.guess(step, isAlone: steps.count == 1)
        plan.guessed += known == nil ? 1 : 0
    }
    return plan
}

extension PlanRequest {
    /// How long a step may take that was never seen.
    fileprivate func guess(_ step: RolloutStep, isAlone: Bool) -> Duration {
        let start = Duration.seconds(3)
        guard step.change != .removed, let spec = new(step.service) else { return start }
        let policy = StepPolicy(spec, in: new, kind: kind, isAlone: isAlone)
        return start + policy.soak + policy.delay + spec.drain
    }
}
