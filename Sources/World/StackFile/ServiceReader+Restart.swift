internal import StackModel

extension ServiceReader {
    /// `restart`; `deploy.restart_policy`, read later, wins over it.
    mutating func readRestart() {
        guard let field = keys.take("restart"), let scalar = field.scalar() else { return }
        let parts = scalar.text.split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let policies: [String: RestartPolicy.Condition] = [
            "no": .never, "false": .never, "always": .always, "unless-stopped": .always,
            "on-failure": .onFailure,
        ]
        guard let word = parts.first, let condition = policies[word.lowercased()] else {
            let names = ["no", "always", "on-failure", "unless-stopped"]
            let near = suggestionOrChoices(for: scalar.written, among: names)
            return field.fail("unknown policy \(scalar.quoted)\(near)")
        }
        draft.spec.restart.condition = condition
        guard parts.count == 2 else { return }
        guard condition == .onFailure, let count = Int(parts[1]), count >= 0 else {
            return field.fail("\(scalar.quoted): write 'on-failure:3' for at most 3 restarts")
        }
        draft.spec.restart.attemptsMax = count == 0 ? nil : count
    }

    mutating func readDeploy() {
        guard var section = keys.take("deploy")?.section() else { return readOlderLimits() }
        if let field = section.take("resources") { readResources(field) }
        if let field = section.take("restart_policy") { readRestartPolicy(field) }
        if let field = section.take("update_config") {
            draft.spec.update = update(field, actions: updateActions)
        }
        if let field = section.take("rollback_config") {
            draft.spec.rollback = update(field, actions: rollbackActions)
        }
        if let field = section.take("replicas") { readReplicas(field) }
        section.finish(idle: ["endpoint_mode", "labels", "mode", "placement"])
        readOlderLimits()
    }

    private mutating func readRestartPolicy(_ field: Field) {
        guard var section = field.section() else { return }
        var policy = RestartPolicy()
        let condition: RestartPolicy.Condition? = section.take("condition")?
            .choice("condition", of: ["none": .never, "on-failure": .onFailure, "any": .always])
        policy.condition = condition ?? .always
        if let delay = section.take("delay")?.duration() {
            policy.backoff.initial = delay
            policy.backoff.max = max(policy.backoff.max, delay)
        }
        // Zero is Swarm's word for "no limit".
        let attempts = section.take("max_attempts")?.whole(0...1_000_000)
        policy.attemptsMax = attempts == 0 ? nil : attempts
        policy.window = section.take("window")?.duration() ?? .zero
        section.finish()
        draft.spec.restart = policy
    }

    private mutating func update(
        _ field: Field, actions: KeyValuePairs<String, UpdatePolicy.FailureAction>
    ) -> UpdatePolicy {
        var policy = UpdatePolicy()
        guard var section = field.section() else { return policy }
        if let field = section.take("order") {
            policy.order = field.choice(
                "order", of: ["stop-first": .stopFirst, "start-first": .startFirst])
            if policy.order == .startFirst { draft.startFirst.append(field) }
        }
        policy.delay = section.take("delay")?.duration() ?? policy.delay
        policy.monitor = section.take("monitor")?.duration().map(Seconds.init)
        policy.failureAction = section.take("failure_action")?.choice("action", of: actions)
        policy.parallelism = section.take("parallelism")?.whole(0...1000) ?? policy.parallelism
        policy.failureRatioMax =
            section.take("max_failure_ratio")?.number(0...1) ?? policy.failureRatioMax
        section.finish()
        return policy
    }

    private func readReplicas(_ field: Field) {
        guard let count = field.whole(0...1_000_000), count != 1 else { return }
        field.fail("must be 1: a service is one instance")
    }
}

private let rollbackActions: KeyValuePairs<String, UpdatePolicy.FailureAction> = [
    "pause": .pause, "continue": .continue,
]
let updateActions: KeyValuePairs<String, UpdatePolicy.FailureAction> = [
    "pause": .pause, "continue": .continue, "rollback": .rollback,
]
