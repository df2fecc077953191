internal import StackModel

/// How services are rolled, what they are rolled to, and when not: `rollout`, `releases`, `freeze`.
extension StackReader {
    func rollout(_ field: Field, services: [ServiceName]) -> RolloutPolicy {
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

    func freeze(_ field: Field) -> [String] {
        (field.itemsOrOne() ?? []).compactMap { item in
            guard let scalar = item.scalar() else { return nil }
            guard let mistake = mistake(inFreeze: scalar.text) else { return scalar.text }
            item.fail("\(scalar.quoted): \(mistake)")
            return nil
        }
    }

    func releases(_ field: Field) -> ReleasePolicy {
        var policy = ReleasePolicy()
        guard var section = field.section() else { return policy }
        policy.directory = section.take("directory").flatMap(directory)
        policy.repository = section.take("repository").flatMap(repository)
        policy.build = section.take("build").flatMap(build)
        policy.buildTimeout =
            section.take("build_timeout")?.duration(atLeast: .seconds(1)) ?? policy.buildTimeout
        policy.keep = section.take("keep")?.whole(1...100) ?? policy.keep
        policy.stack = section.take("stack")?.pathInRelease() ?? policy.stack
        policy.spaceMin = section.take("space")?.size(atLeast: 0) ?? policy.spaceMin
        section.finish()
        return policy
    }

    private func directory(_ field: Field) -> String? {
        guard let scalar = field.scalar() else { return nil }
        // Without what would make one directory two for whoever compares paths.
        let parts = scalar.text.split(separator: "/")
        if scalar.text.hasPrefix("/"), !parts.isEmpty, !parts.contains("."), !parts.contains("..") {
            return "/" + parts.joined(separator: "/")
        }
        field.fail("\(scalar.quoted) is no absolute path such as '/opt/catalyst'")
        return nil
    }

    private func repository(_ field: Field) -> String? {
        guard let text = field.text() else { return nil }
        let address = text.prefix { $0 != "/" }
        let isURL = ["https", "http", "ssh", "git", "file"].contains { text.hasPrefix($0 + "://") }
        // `git@example.org:catalyst.git`, as git takes it for ssh.
        let isRemote =
            address.contains(":") && !address.hasSuffix(":") && !address.contains("::")
            && !text.hasPrefix("-") && !text.contains("://")
        if isURL || isRemote || text.hasPrefix("/") { return text }
        // Without what is written: that may be a password.
        field.fail(
            "must be an absolute path or a URL such as 'https://example.org/catalyst.git'")
        return nil
    }

    /// A line is a shell's, so that steps can be joined by `&&`; it ends with the first that fails.
    private func build(_ field: Field) -> [String]? {
        let words = field.node.scalar == nil ? field.texts() : field.text().map(lineOfShell)
        if let words, words.first?.isEmpty ?? true { field.fail("is empty") }
        return words
    }

    private func lineOfShell(_ line: String) -> [String] {
        line.isEmpty ? [] : ["/bin/sh", "-ec", line]
    }
}
