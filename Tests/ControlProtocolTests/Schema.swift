import Glibc
import JSONLines
import StackModel

/// As much of JSON Schema as `control-schema.json` uses.
struct Schema {
    private let definitions: [String: JSONValue]

    /// `file` is relative to the top of the checkout.
    init(file: String) throws {
        let top = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let bytes = try contents(of: "/\(top)/\(file)")
        let document = try JSONLines.decode(JSONValue.self, from: bytes)
        definitions = document["$defs"]?.members ?? [:]
    }

    /// What is wrong with `value`, each with the path to it; sorted.
    func problems(with value: JSONValue, as definition: String) -> [String] {
        check(value, definitions[definition] ?? .null, definition).sorted()
    }

    /// All names that objects may have as keys.
    var propertyNames: Set<String> { definitions.values.reduce([]) { $0.union(names(in: $1)) } }

    func choices(_ definition: String, _ property: String) -> Set<String> {
        texts(definitions[definition]?["properties"]?[property]?["enum"])
    }

    /// What a definition that is a list of choices has.
    func choices(_ definition: String) -> Set<String> { texts(definitions[definition]?["enum"]) }

    private func texts(_ value: JSONValue?) -> Set<String> {
        Set(value?.elements.compactMap(\.text) ?? [])
    }

    private func check(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        if let reference = schema["$ref"]?.text {
            return check(
                value, definitions[String(reference.dropFirst("#/$defs/".count))] ?? .null, path)
        }
        if let choices = schema["enum"]?.elements {
            return choices.contains(value) ? [] : ["\(path): not one of the choices"]
        }
        switch (schema["type"]?.text, value) {
        case ("string", .string(let text)):
            guard let pattern = schema["pattern"]?.text else { return [] }
            // A pattern that is none matches nothing.
            let matches = (try? Regex(pattern).wholeMatch(in: text)) != nil
            return matches ? [] : ["\(path): not as its pattern"]
        case ("boolean", .bool), ("number", .number): return []
        case ("integer", .number(let number)):
            return number.rounded() == number ? [] : ["\(path): no integer"]
        case ("array", .array(let elements)):
            return elements.flatMap { check($0, schema["items"] ?? .null, path + "[]") }
        case ("object", .object(let members)): return check(members, schema, path)
        case (let type, _): return ["\(path): no \(type ?? "known type")"]
        }
    }

    private func check(_ members: [String: JSONValue], _ schema: JSONValue, _ path: String)
        -> [String]
    {
        let properties = schema["properties"]?.members ?? [:]
        let required = schema["required"]?.elements.compactMap(\.text) ?? []
        var problems = required.filter { members[$0] == nil }.map { "\(path).\($0): missing" }
        for (key, value) in members {
            if let names = schema["propertyNames"] {
                problems += check(.string(key), names, "\(path).\(key)")
            }
            if let property = properties[key] {
                problems += check(value, property, "\(path).\(key)")
            } else if schema["additionalProperties"] == .bool(false) {
                problems.append("\(path).\(key): not in the schema")
            } else if let other = schema["additionalProperties"] {
                problems += check(value, other, "\(path).\(key)")
            }
        }
        return problems
    }

    private func names(in schema: JSONValue) -> Set<String> {
        let properties = schema["properties"]?.members ?? [:]
        let nested =
            [schema["items"], schema["additionalProperties"]].compactMap { $0 } + properties.values
        return nested.reduce(Set(properties.keys)) { $0.union(names(in: $1)) }
    }
}

extension JSONValue {
    subscript(_ key: String) -> JSONValue? { members?[key] }

    var members: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
}

func contents(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw TestFailure("cannot open '\(path)': \(errno)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count <= 0 { return bytes }
        bytes += chunk[..<count]
    }
}
