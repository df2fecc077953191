internal import StackModel

/// The whole tree, its files merged, as a stack.
struct StackReader {
    var project: Project
    let profiles: Set<String>

    /// Nil where `findings` has an error that leaves nothing to build.
    mutating func stack(from tree: Node) -> StackSpec? {
        guard let entries = tree.mapping else {
            project.findings.error(
                tree.place, nil, "must be a mapping with 'services', is \(tree.kind)")
            return nil
        }
        var keys = Section(entries, place: tree.place, path: "", findings: project.findings)
        var stack = StackSpec(name: name(keys.take("name")), services: [])
        if let version = keys.take("version") { version.warn("is obsolete, and ignored") }
        var extras = keys.take("x-catalyst")?.section()
        project.isolation = extras?.take("isolation")
            .flatMap { $0.isolation(over: nil, in: project.directory) }
        let drafts = drafts(keys.take("services"), of: tree)
        let active = drafts.filter { isActive($0) }
        stack.services = active.map(\.spec)
        DraftChecks(active: active, all: drafts, findings: project.findings).check(&stack.services)
        if let field = extras?.take("database") {
            stack.database = database(field)
        } else {
            stack.database = usualDatabase(of: tree)
        }
        if let extras { readCatalyst(extras, into: &stack) }
        keys.finish(
            idle: ["configs", "models", "networks", "secrets", "volumes"],
            refused: ["include": "give each file with '--file'"])
        return stack
    }

    private func name(_ field: Field?) -> String {
        if let field, let scalar = field.scalar() {
            if ServiceName.isValid(scalar.text) { return scalar.text }
            field.fail("\(scalar.quoted) is no name: letters, digits, '-', '_' and '.'")
        }
        let directory = project.directory.path.split(separator: "/").last.map(String.init) ?? ""
        return ServiceName.isValid(directory) ? directory : "catalyst"
    }

    private func drafts(_ field: Field?, of tree: Node) -> [Draft] {
        guard let field else {
            project.findings.error(tree.place, "services", "is missing: there is nothing to run")
            return []
        }
        guard let entries = field.section()?.entries else { return [] }
        if entries.isEmpty { field.fail("is empty: there is nothing to run") }
        guard entries.count <= Limits.servicesMax else {
            field.fail("are \(entries.count), at most \(Limits.servicesMax) are run")
            return []
        }
        return entries.compactMap { ServiceReader.draft(of: $0, in: project) }
    }

    private func isActive(_ draft: Draft) -> Bool {
        draft.profiles.isEmpty || profiles.contains("*")
            || draft.profiles.contains { profiles.contains($0) }
    }
}
