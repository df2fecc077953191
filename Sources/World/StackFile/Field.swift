internal import StackModel

/// A value with its key, read as the type that its reader expects.
///
/// Every reading is nil when the value is something else; the complaint is then made already.
struct Field {
    /// Dotted below its service.
    let key: String
    let node: Node
    let findings: Findings

    func fail(_ message: String) { findings.error(node.place, key, message) }
    func warn(_ message: String) { findings.warn(node.place, key, message) }

    func scalar(as wanted: String = "text") -> Scalar? {
        if let scalar = node.scalar { return scalar }
        if !node.isBroken { fail("must be \(wanted), is \(node.kind)") }
        return nil
    }

    func text() -> String? { scalar()?.text }

    func flag() -> Bool? {
        guard let scalar = scalar(as: "true or false") else { return nil }
        switch scalar.text.lowercased() {
        case "true", "yes", "on", "y": return true
        case "false", "no", "off", "n": return false
        default:
            fail("must be true or false, is \(scalar.quoted)")
            return nil
        }
    }

    func whole(_ range: ClosedRange<Int>) -> Int? {
        guard let scalar = scalar(as: "a number") else { return nil }
        if let number = Int(scalar.text), range.contains(number) { return number }
        let limits =
            range.upperBound == .max
            ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        fail("must be a whole number \(limits), is \(scalar.quoted)")
        return nil
    }

    func number(_ range: ClosedRange<Double>) -> Double? {
        guard let scalar = scalar(as: "a number") else { return nil }
        let isDecimal = scalar.text.utf8.allSatisfy { $0.isDigit || "+-.eE".utf8.contains($0) }
        if isDecimal, let number = Double(scalar.text), range.contains(number) { return number }
        let limits =
            range.upperBound == .greatestFiniteMagnitude
            ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        fail("must be a number \(limits), is \(scalar.quoted)")
        return nil
    }

    func duration(atLeast least: Duration = .zero) -> Duration? {
        guard let scalar = scalar(as: "a duration") else { return nil }
        do throws(QuantityError) {
            let value = try Duration(compose: scalar.text)
            if value >= least { return value }
            fail("must be at least \(least.composeText), is \(scalar.quoted)")
        } catch {
            fail(shown(error, for: scalar))
        }
        return nil
    }

    func size(atLeast least: Int64 = 1) -> ByteCount? {
        guard let scalar = scalar(as: "a size") else { return nil }
        do throws(QuantityError) {
            let value = try ByteCount(compose: scalar.text)
            if value.bytes >= least { return value }
            fail("must be at least \(ByteCount(bytes: least).exact), is \(scalar.quoted)")
        } catch {
            fail(shown(error, for: scalar))
        }
        return nil
    }

    /// The error repeats the value: only when that is what the file says.
    private func shown(_ error: QuantityError, for scalar: Scalar) -> String {
        scalar.text == scalar.written ? error.description : "\(scalar.quoted) has an unfit value"
    }

    func choice<Value>(_ what: String, of choices: KeyValuePairs<String, Value>) -> Value? {
        guard let scalar = scalar() else { return nil }
        if let value = choices.first(where: { $0.key == scalar.text })?.value { return value }
        let near = suggestionOrChoices(for: scalar.written, among: choices.map(\.key))
        fail("unknown \(what) \(scalar.quoted)\(near)")
        return nil
    }

    func section() -> Section? {
        if let entries = node.mapping {
            return Section(entries, place: node.place, path: key, findings: findings)
        }
        if !node.isBroken { fail("must be a mapping, is \(node.kind)") }
        return nil
    }

    func items() -> [Field]? {
        if let list = node.list {
            guard list.count <= Limits.itemsMax else {
                fail("has \(list.count) items, at most \(Limits.itemsMax) are read")
                return nil
            }
            return list.map(with)
        }
        if !node.isBroken { fail("must be a list, is \(node.kind)") }
        return nil
    }

    /// A list, or one value that stands for a list of one.
    func itemsOrOne() -> [Field]? { node.scalar == nil ? items() : [self] }

    func texts() -> [String]? { items()?.all { $0.text() } }
    func textsOrOne() -> [String]? { itemsOrOne()?.all { $0.text() } }

    /// A list of words, or a line that is split as a shell would.
    func command() -> [String]? {
        guard node.scalar != nil else { return texts() }
        guard let scalar = scalar() else { return nil }
        if let words = StackFile.words(of: scalar.text) { return words }
        fail("has a quote that is not closed")
        return nil
    }

    func with(_ other: Node) -> Field { Field(key: key, node: other, findings: findings) }
}

extension Array {
    /// All results, or nil where one is missing; every element is asked.
    func all<Value>(_ transform: (Element) -> Value?) -> [Value]? {
        let values = compactMap(transform)
        return values.count == count ? values : nil
    }
}
