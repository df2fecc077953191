internal import StackModel

/// `x-catalyst` of the whole stack.
extension StackReader {
    func readCatalyst(_ field: Field, into stack: inout StackSpec) {
        guard var section = field.section() else { return }
        if let field = section.take("rollout") {
            stack.rollout = rollout(field, services: stack.services.map(\.name))
        }
        if let field = section.take("freeze") { stack.freeze = freeze(field) }
        if let field = section.take("alerts"), let alerts = field.section() {
            for entry in alerts.entries { stack.alerts[entry.key] = entry.value.json }
        }
        if let field = section.take("host") { stack.host = host(field) }
        section.finish()
    }

    private func rollout(_ field: Field, services: [ServiceName]) -> RolloutPolicy {
        var policy = RolloutPolicy()
        guard var section = field.section() else { return policy }
        for item in section.take("order")?.items() ?? [] {
            guard let scalar = item.scalar() else { continue }
            let name = ServiceName(scalar.text)
            if !services.contains(name) {
                let near = suggestion(for: scalar.written, among: services.map(\.text))
                item.fail("unknown service \(scalar.quoted)\(near)")
            } else if policy.order.contains(name) {
                item.fail("\(scalar.quoted) stands here twice")
            } else {
                policy.order.append(name)
            }
        }
        policy.soak = section.take("soak")?.duration() ?? policy.soak
        policy.failureAction =
            section.take("failure_action")?.choice("action", of: updateActions)
            ?? policy.failureAction
        section.finish()
        return policy
    }

    private func freeze(_ field: Field) -> [String] {
        (field.itemsOrOne() ?? []).compactMap { item in
            guard let scalar = item.scalar() else { return nil }
            do throws(FreezeError) {
                try checkFreeze(scalar.text)
                return scalar.text
            } catch {
                item.fail("\(scalar.quoted): \(error)")
                return nil
            }
        }
    }

    private func host(_ field: Field) -> HostPlan {
        var plan = HostPlan()
        guard var section = field.section() else { return plan }
        let range = 0.001...100_000.0
        let older = section.take("vcpus")?.number(range)
        plan.cpus = section.take("cpus")?.number(range) ?? older
        plan.memory = section.take("memory")?.size()
        plan.disk = section.take("disk")?.size()
        if let field = section.take("costs"), let costs = field.section() {
            for entry in costs.entries {
                let cost = Field(
                    key: "\(field.key).\(entry.key)", node: entry.value, findings: field.findings)
                plan.costs[entry.key] = cost.number(0...Double.greatestFiniteMagnitude)
            }
        }
        section.finish()
        return plan
    }
}

extension Node {
    fileprivate var json: JSONValue {
        switch content {
        case .null, .broken, .reset: .null
        case .list(let list): .array(list.map(\.json))
        case .mapping(let entries):
            .object(Dictionary(entries.map { ($0.key, $0.value.json) }, uniquingKeysWith: { $1 }))
        case .scalar(let scalar): scalar.json
        }
    }
}

extension Scalar {
    /// As YAML's own types, where it has no quotes.
    fileprivate var json: JSONValue {
        guard isPlain else { return .string(text) }
        switch text {
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        let isDecimal = text.utf8.allSatisfy { $0.isDigit || "+-.eE".utf8.contains($0) }
        guard isDecimal, let number = Double(text), number.isFinite else { return .string(text) }
        return .number(number)
    }
}
