internal import StackModel

extension ServiceReader {
    mutating func readDependencies() {
        guard let field = keys.take("depends_on") else { return }
        if let entries = field.node.mapping {
            guard entries.count <= Limits.itemsMax else {
                return field.fail("are \(entries.count), at most \(Limits.itemsMax) are read")
            }
            for entry in entries where !entry.value.isReset {
                add(dependency(entry, field), at: entry.place)
            }
        } else {
            for item in field.items() ?? [] {
                guard let name = item.text() else { continue }
                add(Dependency(on: ServiceName(name)), at: item.node.place)
            }
        }
    }

    private func dependency(_ entry: Entry, _ field: Field) -> Dependency {
        var dependency = Dependency(on: ServiceName(entry.key))
        guard !entry.value.isNull else { return dependency }
        let own = Field(
            key: "\(field.key).\(entry.key)", node: entry.value, findings: field.findings)
        guard var section = own.section() else { return dependency }
        let condition: Dependency.Condition? = section.take("condition")?
            .choice(
                "condition",
                of: [
                    "service_started": .started, "service_healthy": .healthy,
                    "service_completed_successfully": .completed,
                ])
        dependency.condition = condition ?? .started
        dependency.restart = section.take("restart")?.flag() ?? false
        dependency.isRequired = section.take("required")?.flag() ?? true
        section.finish()
        return dependency
    }

    private mutating func add(_ dependency: Dependency, at place: Place) {
        guard !draft.spec.dependencies.contains(where: { $0.service == dependency.service })
        else { return }
        draft.spec.dependencies.append(dependency)
        draft.dependencyPlaces.append(place)
    }
}
