internal import StackModel

/// `x-catalyst` of a service: what Compose has no word for.
extension ServiceReader {
    mutating func readCatalyst() {
        guard var section = keys.take("x-catalyst")?.section() else { return }
        if let field = section.take("listen") { readListen(field) }
        if let field = section.take("contract") { readContract(field) }
        let reaction: OnUnhealthy? = section.take("on_unhealthy")?
            .choice("reaction", of: ["restart": .restart, "alert": .alert])
        draft.spec.onUnhealthy = reaction ?? .restart
        if let field = section.take("hold"), let words = field.command() {
            draft.spec.hold = words
            if words.first?.isEmpty ?? true { field.fail("is empty") }
        }
        draft.spec.source = section.take("source")?.textsOrOne() ?? []
        if let field = section.take("backoff") { readBackoff(field) }
        if let field = section.take("retry_failed_every") {
            draft.spec.restart.slowRetry = slowRetry(field) ?? .zero
        }
        let successes = section.take("healthy_after")?.whole(1...1000)
        draft.spec.healthCheck.successes = successes ?? 1
        section.finish()
    }

    private mutating func readListen(_ field: Field) {
        guard let scalar = field.scalar() else { return }
        guard let endpoint = Endpoint(listening: scalar.text), let number = endpoint.port else {
            return field.fail(
                "\(scalar.quoted) is no numeric address and port such as '127.0.0.1:5001'")
        }
        let port = Port(address: endpoint.address, number: number)
        if !port.isLoopback { field.warn("\(scalar.quoted) can be reached from other hosts") }
        draft.spec.listen = scalar.text
        draft.claims.insert(
            PortClaim(port: port, place: field.node.place, key: field.key, strength: .declared),
            at: 0)
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
