internal import StackModel

/// `x-catalyst` of the whole stack.
extension StackReader {
    /// All but `database`, which may be the environment's, too.
    func readCatalyst(_ section: Section, into stack: inout StackSpec) {
        var section = section
        if let field = section.take("rollout") {
            stack.rollout = rollout(field, services: stack.services.map(\.name))
        }
        if let field = section.take("releases") { stack.releases = releases(field) }
        if let field = section.take("freeze") { stack.freeze = freeze(field) }
        if let field = section.take("alerts") { stack.alerts = alerts(field) }
        if let field = section.take("watch") { stack.watch = watch(field) }
        if let field = section.take("brake") { stack.brake = brake(field) }
        if let field = section.take("metrics") { stack.metrics = metrics(field, stack.services) }
        if let field = section.take("host") { stack.host = host(field) }
        section.finish()
    }

    private func host(_ field: Field) -> HostPlan {
        var plan = HostPlan()
        guard var section = field.section() else { return plan }
        let range = 0.001...100_000.0
        let older = section.take("vcpus")?.number(range)
        plan.cpus = section.take("cpus")?.number(range) ?? older
        plan.memory = section.take("memory")?.size()
        plan.disk = section.take("disk")?.size()
        if var database = section.take("database")?.section() {
            plan.databaseSize = database.take("size")?.size() ?? plan.databaseSize
            plan.databaseConnections =
                database.take("connections")?.whole(1...1_000_000) ?? plan.databaseConnections
            database.finish()
        }
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
