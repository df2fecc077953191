import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

/// `control-schema.json` is what others write clients from: it must say what we really send.
struct SchemaTests {
    let schema: Schema

    init() throws {
        schema = try Schema(file: "Sources/Control/ControlProtocol/control-schema.json")
    }

    @Test(arguments: Sample.replies)
    func `what the agent says is as the schema describes`(reply: ControlReply) throws {
        #expect(schema.problems(with: try json(reply), as: "reply") == [])
    }

    @Test func `what is asked is as the schema describes`() throws {
        for command in ControlRequest.Command.allCases {
            var request = ControlRequest(
                command, services: ["news"], follow: true, since: Sample.time, tail: 5, grep: "x",
                wait: false)
            request.alert = 12
            request.all = true
            request.subjects = ["news", "@disk"]
            request.resolution = .minute
            request.seconds = 0
            request.reason = "new disk"
            request.count = 10
            request.batch = "drill"
            request.first = 1
            request.source = "/srv/app"
            request.revision = "v5.4.0"
            request.plan = true
            request.overrideFreeze = "halted"
            request.release = "20261122T135000Z-3f2a91c"
            request.rollout = 12
            request.fault = .hang
            #expect(schema.problems(with: try json(request), as: "request") == [])
            #expect(schema.problems(with: try json(ControlRequest(command)), as: "request") == [])
        }
    }

    @Test func `the samples show every property that the schema knows`() throws {
        var seen: Set<String> = []
        for reply in Sample.replies { seen.formUnion(keys(try json(reply))) }
        let requestOnly: Set = [
            "command", "follow", "tail", "grep", "wait", "all", "subjects", "seconds", "count",
            "batch", "first", "overrideFreeze",
        ]
        let missing = schema.propertyNames.subtracting(seen).subtracting(requestOnly)
        #expect(missing == [])
    }

    @Test func `every kind of event, every rule and every metric is in the schema`() {
        #expect(schema.choices("event", "kind") == Set(EventRecord.Kind.allCases.map(\.rawValue)))
        #expect(
            schema.choices("request", "command")
                == Set(ControlRequest.Command.allCases.map(\.rawValue)))
        #expect(
            schema.choices("alertEvent", "kind") == Set(AlertEvent.Kind.allCases.map(\.rawValue)))
        #expect(schema.choices("rule") == Set(AlertRule.allCases.map(\.rawValue)))
        #expect(schema.choices("metric") == Set(Metric.allCases.map(\.name)))
        #expect(schema.choices("phase") == Set(RolloutStep.Phase.allCases.map(\.rawValue)))
        #expect(schema.choices("severity") == Set(Severity.allCases.map(\.rawValue)))
    }

    @Test func `a reply with a key or a value that the schema does not know is found`() throws {
        let strange = JSONValue.object(["last": .string("yes"), "extra": .null])
        #expect(
            schema.problems(with: strange, as: "reply") == [
                "reply.extra: not in the schema", "reply.last: no boolean",
            ])
        #expect(schema.problems(with: .object([:]), as: "reply") == ["reply.last: missing"])
        #expect(
            schema.problems(with: .object(["cpus": .number(1)]), as: "reading") == [
                "reading.cpus: not one of the choices"
            ])
        #expect(
            schema.problems(with: .string("-news"), as: "name") == ["name: not as its pattern"])
    }

    private func json(_ value: some Encodable) throws -> JSONValue {
        try JSONLines.decode(JSONValue.self, from: JSONLines.encode(value))
    }

    private func keys(_ value: JSONValue) -> Set<String> {
        switch value {
        case .object(let members): members.reduce(Set(members.keys)) { $0.union(keys($1.value)) }
        case .array(let elements): elements.reduce([]) { $0.union(keys($1)) }
        case .null, .bool, .number, .string: []
        }
    }
}
