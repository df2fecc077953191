internal import StackModel

/// `x-catalyst` of a service: what Compose has no word for.
extension ServiceReader {
    mutating func readCatalyst() {
        draft.spec.confinement.isolation = project.isolation
        guard var section = keys.take("x-catalyst")?.section() else { return }
        if let field = section.take("isolation") {
            draft.spec.confinement.isolation = field.isolation(
                over: project.isolation, in: project.directory)
        }
        if let field = section.take("listen") { readListen(field) }
        if let field = section.take("contract") { readContract(field) }
        let reaction: OnUnhealthy? = section.take("on_unhealthy")?
            .choice("reaction", of: ["restart": .restart, "alert": .alert])
        draft.spec.onUnhealthy = reaction ?? .restart
        if let field = section.take("hold") { draft.spec.hold = hold(field) }
        if let field = section.take("source") { draft.spec.source = sources(field) }
        draft.spec.drain = section.take("drain")?.duration() ?? draft.spec.drain
        if let field = section.take("backoff") { readBackoff(field) }
        if let field = section.take("retry_failed_every") {
            draft.spec.restart.slowRetry = slowRetry(field) ?? .zero
        }
        let successes = section.take("healthy_after")?.whole(1...1000)
        draft.spec.healthCheck.successes = successes ?? 1
        section.finish()
    }

    private mutating func readContract(_ field: Field) {
        guard var section = field.section() else { return }
        draft.spec.contract.service = section.take("service")?.text()
        draft.spec.contract.schema = section.take("schema")?.text()
        draft.spec.contract.version = section.take("version")?.text()
        draft.spec.contract.freshness = section.take("freshness")?.duration() ?? .zero
        section.finish()
        if case .http = draft.spec.healthCheck.probe { return }
        field.warn("has no effect without a health check of kind HTTP")
    }

    private mutating func readBackoff(_ field: Field) {
        guard var section = field.section() else { return }
        var backoff = draft.spec.restart.backoff
        backoff.initial = section.take("initial")?.duration() ?? backoff.initial
        let limit = section.take("max")?.duration()
        backoff.jitter = section.take("jitter")?.number(0...1) ?? backoff.jitter
        backoff.resetAfter = section.take("reset_after")?.duration() ?? backoff.resetAfter
        section.finish()
        if let limit, limit < backoff.initial { field.fail("has a 'max' below its 'initial'") }
        backoff.max = limit ?? max(backoff.max, backoff.initial)
        draft.spec.restart.backoff = backoff
    }

    /// Zero and `off`: a service that was given up stays down.
    private func slowRetry(_ field: Field) -> Duration? {
        ["off", "no", "false"].contains(field.node.scalar?.text) ? .zero : field.duration()
    }
}
