package import StackModel

/// How one service is rolled.
package struct StepPolicy: Equatable, Sendable {
    /// Nil: nobody is asked.
    package var hold: Hold?
    /// How long the new instance must stay well among users.
    package var soak: Duration
    /// Before the next service.
    package var delay: Duration
    package var failureAction: UpdatePolicy.FailureAction
    package var failureRatioMax: Double

    /// `isAlone`: nothing else is restarted, so there is nothing to protect by a soak that nobody asked for.
    package init(_ spec: ServiceSpec, in stack: StackSpec, kind: Rollout.Kind, isAlone: Bool) {
        let update = kind == .rollback ? spec.rollback : spec.update
        hold = spec.hold
        soak =
            update.monitor?.wrappedValue
            ?? (kind == .restart && isAlone ? .zero : stack.rollout.soak)
        delay = update.delay
        failureAction = update.failureAction ?? stack.rollout.failureAction
        failureRatioMax = update.failureRatioMax
    }

    /// Of a service that no stack knows any more.
    static let usual = StepPolicy(
        ServiceSpec(name: "unknown", command: []), in: StackSpec(name: "unknown", services: []),
        kind: .deploy, isAlone: false)
}
