/// One YAML document as a tree: aliases followed, `<<` merged, variables replaced, all bounded.
struct TreeReader: ~Copyable {
    private var events: EventStream
    private let file: Place
    private let interpolation: Interpolation
    private let findings: Findings
    private var anchors: [String: Node] = [:]
    private var weight = 0

    /// Nil, and an error in `findings`, where the text is not one YAML document.
    static func tree(
        of bytes: [UInt8], file: Place, interpolation: Interpolation, findings: Findings
    ) -> Node? {
        var reader = TreeReader(
            events: EventStream(bytes), file: file, interpolation: interpolation,
            findings: findings)
        do throws(SyntaxError) {
            return try reader.document()
        } catch {
            let place = Place(file: file.file, line: error.line, column: error.column)
            let message = tabMessage(bytes, line: error.line) ?? plainMessages[error.message]
            findings.error(place, nil, message ?? error.message)
            return nil
        }
    }

    private mutating func document() throws(SyntaxError) -> Node? {
        var tree: Node?
        while true {
            switch try events.next() {
            case .streamEnd:
                if tree == nil { findings.error(file, nil, "is empty") }
                return tree
            case .documentStart:
                if tree != nil { throw refusal("only one YAML document is read: remove '---'") }
                tree = try node(try events.next(), depth: 0, key: nil)
            case .bracket, .end: continue
            case .alias, .scalar, .listStart, .mappingStart: continue  // Only inside a document.
            }
        }
    }

    private mutating func node(
        _ event: YAMLEvent, depth: Int, key: String?
    ) throws(SyntaxError) -> Node {
        let place = Place(file: file.file, line: events.line, column: events.column)
        guard depth <= Limits.depthMax else { throw tooDeep }
        var node = Node(place: place, content: .null)
        let anchor: String?
        let tag: String?
        switch event {
        case .alias(let name): return try aliased(name, depth: depth)
        case .scalar(let text, let isPlain, let name, let mark):
            (anchor, tag) = (name, mark)
            let reader = scalar(text, isPlain: isPlain && tag == nil, at: place, key: key)
            node.content = reader
            if let text = node.scalar?.text { node.weight += text.utf8.count / 64 }
        case .listStart(let name, let mark):
            (anchor, tag) = (name, mark)
            try fillList(&node, depth: depth, key: key)
        case .mappingStart(let name, let mark):
            (anchor, tag) = (name, mark)
            try fillMapping(&node, depth: depth)
        case .end, .documentStart, .streamEnd, .bracket: return node
        }
        apply(tag, to: &node, key: key)
        try count(event.isScalar ? node.weight : 1)
        if let anchor { anchors[anchor] = node }
        return node
    }

    private mutating func fillList(
        _ node: inout Node, depth: Int, key: String?
    ) throws(SyntaxError) {
        var items: [Node] = []
        while true {
            let event = try events.next()
            if event.isEnd { break }
            let item = try self.node(event, depth: depth + 1, key: key)
            node.include(item)
            items.append(item)
        }
        node.content = .list(items)
    }

    private mutating func fillMapping(_ node: inout Node, depth: Int) throws(SyntaxError) {
        var entries: [Entry] = []
        var lines: [String: Int] = [:]
        var merged: [Node] = []
        while true {
            let event = try events.next()
            if event.isEnd { break }
            let place = Place(file: file.file, line: events.line, column: events.column)
            guard case .scalar(let key, let isPlain, let anchor, _) = event else {
                throw refusal("a key must be plain text")
            }
            if let anchor {
                let scalar = Scalar(text: key, written: key, isPlain: isPlain)
                anchors[anchor] = Node(place: place, content: .scalar(scalar))
            }
            let value = try self.node(try events.next(), depth: depth + 1, key: key)
            node.include(value)
            if key == "<<", isPlain {
                merged += mergeSources(value)
            } else if let line = lines[key] {
                findings.error(place, key, "is given twice, first on line \(line)")
            } else {
                lines[key] = place.line
                entries.append(Entry(key: key, place: place, value: value))
            }
        }
        node.content = .mapping(inherited(from: merged, except: lines) + entries)
    }

    /// What `<<` brings: the mapping's own keys win, then the earlier of the sources.
    private func inherited(from sources: [Node], except own: [String: Int]) -> [Entry] {
        var taken = Set(own.keys)
        return sources.flatMap { $0.mapping ?? [] }.filter { taken.insert($0.key).inserted }
    }

    private func mergeSources(_ value: Node) -> [Node] {
        if value.mapping != nil { return [value] }
        if let list = value.list, list.allSatisfy({ $0.mapping != nil }) { return list }
        if !value.isBroken {
            findings.error(value.place, "<<", "must be a mapping or a list of mappings")
        }
        return []
    }

    private mutating func aliased(_ name: String, depth: Int) throws(SyntaxError) -> Node {
        guard let node = anchors[name] else {
            let near = suggestion(for: name, among: anchors.keys)
            throw refusal("no anchor '&\(name)' before this alias\(near)")
        }
        guard depth + node.height <= Limits.depthMax else { throw tooDeep }
        try count(node.weight)
        return node
    }

    private func scalar(
        _ written: String, isPlain: Bool, at place: Place, key: String?
    ) -> Node.Content {
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(written) { return .null }
        guard !written.utf8.contains(0) else {
            findings.error(place, key, "holds a NUL character")
            return .broken
        }
        let (text, flaws) = interpolation.expand(written)
        for flaw in flaws { findings.error(place, key, flaw.description) }
        guard flaws.isEmpty else { return .broken }
        return .scalar(Scalar(text: text, written: written, isPlain: isPlain))
    }

    private func apply(_ tag: String?, to node: inout Node, key: String?) {
        guard let tag, !tag.hasPrefix("tag:yaml.org,2002:"), tag != "!" else { return }
        switch tag {
        case "!reset": node.content = .reset
        case "!override": node.replacesAll = true
        default:
            let near = suggestion(for: tag, among: ["!reset", "!override"])
            findings.error(node.place, key, "unknown tag '\(tag)'\(near)")
        }
    }

    private mutating func count(_ more: Int) throws(SyntaxError) {
        weight += more
        guard weight <= Limits.weightMax else {
            throw refusal("is too much with its aliases followed: over \(Limits.weightMax) values")
        }
    }

    private var tooDeep: SyntaxError { refusal("is nested deeper than \(Limits.depthMax) levels") }

    private func refusal(_ message: String) -> SyntaxError {
        SyntaxError(line: events.line, column: events.column, message: message)
    }
}

extension Node {
    fileprivate mutating func include(_ child: Node) {
        weight += child.weight
        height = max(height, child.height + 1)
    }
}

extension YAMLEvent {
    fileprivate var isEnd: Bool { if case .end = self { true } else { false } }
    fileprivate var isScalar: Bool { if case .scalar = self { true } else { false } }
}

/// libyaml's words for the two commonest slips, in those of an operator.
private let plainMessages = [
    "mapping values are not allowed in this context":
        "a ':' where no key can be: put the value in quotes, or mend the indentation",
    "found character that cannot start any token":
        "a character that no plain value can start with: put the value in quotes",
]

/// libyaml says "found character that cannot start any token" of a tab, which nobody sees.
private func tabMessage(_ bytes: [UInt8], line: Int) -> String? {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines.indices.contains(line - 1) else { return nil }
    let indentation = lines[line - 1].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return indentation.contains(UInt8(ascii: "\t"))
        ? "a tab in the indentation: YAML takes only spaces" : nil
}
