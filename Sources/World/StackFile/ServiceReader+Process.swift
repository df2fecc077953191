internal import StackModel

/// What runs, where, as whom, with which variables.
extension ServiceReader {
    mutating func readProcess() {
        readCommand()
        if let path = keys.take("working_dir")?.text(), !path.isEmpty {
            draft.spec.workingDirectory = project.directory.absolute(path)
        }
        draft.spec.user = keys.take("user")?.user()
        let files = keys.take("env_file")?.itemsOrOne() ?? []
        for file in files { merge(file, into: &draft.spec.environment) }
        let own = environment(keys.take("environment"))
        draft.spec.environment.merge(own) { $1 }
        draft.spec.labels = labels(keys.take("labels"))
        for item in keys.take("profiles")?.items() ?? [] {
            guard let name = item.text() else { continue }
            if isProfileName(name) {
                draft.profiles.append(name)
            } else {
                item.fail("\(excerpt(item.node.scalar?.written ?? "")) is no profile's name")
            }
        }
    }

    private mutating func readCommand() {
        let fields = [keys.take("entrypoint"), keys.take("command")].compactMap { $0 }
        guard let first = fields.first else {
            let advice =
                keys.holds("image")
                ? "'image' has no effect here: give it a 'command'" : "has no 'command'"
            return project.findings.error(draft.place, draft.spec.name.text, advice)
        }
        guard let words = fields.all({ $0.command() }) else { return }
        draft.spec.command = words.flatMap { $0 }
        if draft.spec.command.first?.isEmpty ?? true { first.fail("is empty") }
    }

    /// One entry of `env_file`: a path, or `{path, required, format}`.
    private func merge(_ item: Field, into environment: inout [String: String]) {
        var path = item
        var isRequired = true
        var syntax = VariableFile.Syntax.full
        if item.node.mapping != nil {
            guard var section = item.section() else { return }
            guard let field = section.take("path") else { return section.fail("has no 'path'") }
            path = field
            isRequired = section.take("required")?.flag() ?? true
            syntax = section.take("format")?.choice("format", of: ["raw": .raw]) ?? .full
            section.finish()
        }
        guard let scalar = path.scalar() else { return }
        do throws(FileError) {
            let file = try VariableFile.read(
                project.directory.absolute(scalar.text), shownAs: scalar.written, syntax: syntax,
                known: project.variables, findings: project.findings)
            for (name, value) in file?.variables ?? [] {
                environment[name] = value ?? project.variables[name]
            }
        } catch  where error.isMissing && !isRequired {
            return
        } catch {
            path.fail("\(scalar.quoted): \(error)")
        }
    }

    /// A mapping, or a list of `NAME=value` and `NAME`. A name alone has its value from us.
    func environment(_ field: Field?) -> [String: String] {
        var environment: [String: String] = [:]
        for (name, entry) in assignments(field) {
            guard let value = entry.value.scalar?.text ?? project.variables[name] else {
                field?.with(entry.value).warn("variable '\(name)' is not set: left out")
                continue
            }
            environment[name] = value
        }
        return environment
    }

    private func labels(_ field: Field?) -> [String: String] {
        Dictionary(
            assignments(field).map { ($0, $1.value.scalar?.text ?? "") }, uniquingKeysWith: { $1 })
    }

    private func assignments(_ field: Field?) -> [(String, Entry)] {
        guard let field else { return [] }
        if let entries = field.node.mapping {
            return entries.filter { isAssignment($0, field) }.map { ($0.key, $0) }
        }
        guard let items = field.items() else { return [] }
        return items.compactMap { item in
            guard item.scalar() != nil, let entry = item.node.assignment,
                isAssignment(entry, field)
            else { return nil }
            return (entry.key, entry)
        }
    }

    private func isAssignment(_ entry: Entry, _ field: Field) -> Bool {
        let value = field.with(entry.value)
        if entry.key.isEmpty || entry.key.contains("=") || entry.key.utf8.contains(0) {
            value.fail("\(excerpt(entry.value.scalar?.written ?? entry.key)) has no fit name")
            return false
        }
        return !entry.value.isReset && (entry.value.isNull || value.scalar() != nil)
    }
}

extension Field {
    /// `name`, `uid`, `name:group` or `uid:gid`; nil where empty: the agent's own user.
    func user() -> String? {
        guard let scalar = scalar(), !scalar.text.isEmpty else { return nil }
        let parts = scalar.text.split(separator: ":", omittingEmptySubsequences: false)
        let isFit =
            parts.count <= 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { $0.isNameByte || "-.@$".utf8.contains($0) }
            }
        if isFit { return scalar.text }
        fail("\(scalar.quoted) is no user: write 'name', 'name:group', 'uid' or 'uid:gid'")
        return nil
    }
}

private func isProfileName(_ name: String) -> Bool {
    guard let first = name.utf8.first, first.isLetter || first.isDigit else { return false }
    return name.utf8.allSatisfy { $0.isNameByte || ".-".utf8.contains($0) }
}
