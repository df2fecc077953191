extension Node {
    /// This file's tree under a later file's, by Compose's rules: mappings are merged, values and
    /// commands replaced, lists joined without doubles.
    func merged(with later: Node) -> Node { merged(with: later, at: []) }

    fileprivate func merged(with later: Node, at path: [String]) -> Node {
        if later.isNull, Rule(path.dropLast()) != .variables { return self }
        if later.replacesAll || isReset { return later }
        let rule = Rule(path)
        let (base, over) = (normal(by: rule), later.normal(by: rule))
        switch (base.content, over.content) {
        case (.mapping(let entries), .mapping(let others)):
            if rule == .logging, differs("driver", entries, others) { return later }
            var result = base
            result.content = .mapping(entries.merged(with: others, at: path))
            return result
        case (.list(let items), .list(let others)) where rule != .replaced:
            var result = over
            var said = Set(items.map(\.meaning))
            let added = others.filter { said.insert($0.meaning).inserted }
            result.content = .list(items + added)
            return result
        default: return over
        }
    }

    /// Both forms of a key in one: `[A=1]` as `{A: 1}`, `x` as `[x]`.
    private func normal(by rule: Rule) -> Node {
        var node = self
        switch (rule, content) {
        case (.variables, .list(let items)): node.content = .mapping(items.compactMap(\.assignment))
        case (.names, .list(let items)): node.content = .mapping(items.compactMap(\.named))
        case (.joined, .scalar): node.content = .list([self])
        case (.short(let key), .scalar), (.short(let key), .list):
            node.content = .mapping([Entry(key: key, place: place, value: self)])
        default: break
        }
        return node
    }

    private var named: Entry? {
        guard let scalar else { return nil }
        let started = Scalar(text: "service_started", written: "service_started", isPlain: true)
        let condition = Node(place: place, content: .scalar(started))
        let entry = Entry(key: "condition", place: place, value: condition)
        let value = Node(place: place, content: .mapping([entry]))
        return Entry(key: scalar.text, place: place, value: value)
    }

    /// `NAME=value`, or `NAME` alone.
    var assignment: Entry? {
        guard var scalar else { return nil }
        var value = Node(place: place, content: .null)
        guard let equals = scalar.text.firstIndex(of: "=") else {
            return Entry(key: scalar.text, place: place, value: value)
        }
        let name = String(scalar.text[..<equals])
        scalar.text = String(scalar.text[scalar.text.index(after: equals)...])
        scalar.isPlain = false
        value.content = .scalar(scalar)
        return Entry(key: name, place: place, value: value)
    }

    private func differs(_ key: String, _ base: [Entry], _ later: [Entry]) -> Bool {
        let values = [base, later].compactMap { entries in
            entries.first { $0.key == key }?.value.scalar?.text
        }
        return values.count == 2 && values[0] != values[1]
    }
}

extension [Entry] {
    fileprivate func merged(with others: [Entry], at path: [String]) -> [Entry] {
        var result = self
        var indices = Dictionary(enumerated().map { ($1.key, $0) }, uniquingKeysWith: { $1 })
        for other in others {
            if let index = indices[other.key] {
                let value = result[index].value.merged(with: other.value, at: path + [other.key])
                // Where the result is the later file's, its key is the one to point to.
                if value.place == other.value.place { result[index].place = other.place }
                result[index].value = value
            } else {
                indices[other.key] = result.count
                result.append(other)
            }
        }
        return result
    }
}

extension Node {
    fileprivate enum Rule: Equatable {
        case plain, replaced, joined, variables, names, logging
        /// A mapping, or short for one with this key.
        case short(String)

        init(_ path: some BidirectionalCollection<String>) {
            let key = path.dropFirst(path.first == "services" ? 2 : 0)
            switch key.joined(separator: ".") {
            case "command", "entrypoint", "healthcheck.test", "x-catalyst.hold.command",
                "x-catalyst.rollout.order", "x-catalyst.releases.build",
                "x-catalyst.alerts.on_alert":
                self = .replaced
            case "x-catalyst.hold": self = .short("command")
            case "x-catalyst.listen": self = .short("address")
            case "env_file", "tmpfs", "x-catalyst.source", "x-catalyst.isolation.writable",
                "x-catalyst.isolation.visible", "x-catalyst.isolation.hidden",
                "x-catalyst.isolation.allow_calls":
                self = .joined
            case "environment", "labels": self = .variables
            case "depends_on": self = .names
            case "logging": self = .logging
            default: self = .plain
            }
        }
    }
}
