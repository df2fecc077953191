import ControlProtocol
import JSONLines
import StackModel
import Testing

@testable import catalystctl

struct CapacityPagesTests {
    @Test func `capacity compares the plan with what is planned, used and paid`() {
        let text = lines(days: 7, cpu: 0.9).joined(separator: "\n")
        #expect(
            text == """
                shop: 4 vCPU, 8.0G of memory

                planned      expected     limit  reserved
                redis     0.25 / 256M  1 / 9.0G     – / –
                nginx     0.25 / 128M     – / –     – / –
                system     0.5 / 512M     – / –     – / –
                together     1 / 896M  1 / 9.0G    0 / 0B

                used    cpu now  p95  max  memory now   p95   max  left
                redis         0  0.1  0.1       38.0M  1.0G  1.0G   89%
                nginx         –    –    –           –     –     –     –
                system        –  3.5  3.5           –  1.4G  1.4G     –

                expected  1 vCPU, shared, and 896M: leaves 89% of 8.0G, of which 25% are to stay
                          free
                limits    9.0G of memory, 113% of 8.0G: over-committed, not all can use theirs
                          up at once
                measured  the last 7d
                cpu       p95 90%, max 90%
                memory    p95 30%, max 30%
                disk      not measured
                database  not measured
                costs     droplet not given, database $15: at least $15 a month
                advice    cpu 90% in p95, above 70%
                advice    → a droplet of 6 vCPU and 16.0G, $96 a month
                """)
    }

    @Test func `of a few hours it says that they are too few`() {
        let text = lines(days: 0, cpu: 0.9).joined(separator: "\n")
        #expect(text.contains("measured  2h of measurements: too few to tell, a week is needed"))
        #expect(text.contains("advice    so far, cpu 90% in p95, above 70%"))
        #expect(!text.contains("→"))
        #expect(lines(days: 0, cpu: 0.1).contains("advice    none yet"))
    }

    @Test func `a quiet week needs nothing`() {
        #expect(
            lines(days: 7, cpu: 0.1)
                .contains("advice    none is needed: nothing is above its threshold"))
    }

    @Test func `nothing is wider than the terminal`() {
        var stack = Self.stack
        for name in Sample.nine { stack.services.append(ServiceSpec(name: name, command: ["a"])) }
        for width in [60, 80] {
            var terminal = Terminal()
            terminal.width = width
            let report = CapacityReport(
                stack: stack, machine: Self.machine, status: nil, series: [])
            let lines = CapacityPage(report: report).lines(on: terminal)
            #expect(lines.allSatisfy { $0.cellCount <= width })
        }
    }

    @Test func `the program asks for the running stack and its measures, and says what it found`()
        throws
    {
        var config = ControlReply.end()
        config.config = Self.stack
        var status = ControlReply.end()
        status.status = Sample.status([Sample.service("redis")])
        let hours = try Self.series(days: 7, cpu: 0.2).map { series in
            var reply = ControlReply()
            reply.series = series
            return String(decoding: try JSONLines.encode(reply), as: UTF8.self)
        }
        let end = String(decoding: try JSONLines.encode(ControlReply.end()), as: UTF8.self)
        let agent = try TinyAgent(answers: [
            String(decoding: try JSONLines.encode(status), as: UTF8.self),
            String(decoding: try JSONLines.encode(config), as: UTF8.self), hours.joined() + end,
        ])
        defer { agent.stop() }
        let program = try Program(["capacity", "--socket", agent.path])
        #expect(program.errors == "")
        #expect(program.output.hasPrefix("shop: 4 vCPU, 8.0G of memory\n"))
        #expect(program.output.contains("advice    none is needed"))
        #expect(program.status == 0)
        #expect(agent.requests.count == 3)
        #expect(agent.requests.last?.contains(#""resolution":2"#) == true)
    }

    @Test func `without an agent it shows what is planned, and is 3`() throws {
        let top = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let program = try Program([
            "capacity", "--socket", "/nowhere/control.sock", "--json", "--file",
            "/\(top)/units/stack.yaml",
        ])
        #expect(program.errors.contains("cannot reach the agent"))
        #expect(program.status == 3)
        guard
            case .object(let report) = try JSONLines.decode(
                JSONValue.self, from: Array(program.output.utf8)),
            case .object(let expected)? = report["expected"]
        else { throw TestFailure("no object") }
        #expect(expected["cpus"] == .number(5))
        #expect(report["monthlyCost"] == .null)
    }

    private static let machine = Machine(cpus: 4, memory: .mebibytes(8 << 10))

    private static var stack: StackSpec {
        var redis = ServiceSpec(name: "redis", command: ["redis-server"])
        redis.resources.limits.cpus = 1
        redis.resources.limits.memory = .mebibytes(9 << 10)
        var stack = StackSpec(name: "shop", services: [redis])
        stack.host.cpus = 4
        stack.host.memory = .mebibytes(8 << 10)
        stack.host.costs = ["database": 15]
        return stack
    }

    /// Hours of which the last ended now; `days` 0: two of them.
    private static func series(days: Int, cpu: Double) -> [Series] {
        func hours(_ subject: Subject, _ values: Reading) -> Series {
            let points = (1...max(2, days * 24)).reversed().map { hour in
                Measurement(
                    time: Sample.time - .seconds(3600 * hour), subject: subject,
                    resolution: .hour, values: values)
            }
            return Series(subject: subject, resolution: .hour, points: points)
        }
        return [
            hours("@host", [.hostCPU: cpu]), hours("@memory", [.memoryUsed: 0.3]),
            hours("redis", [.cpu: 0.1, .memory: 1_073_741_824]),
        ]
    }

    private func lines(days: Int, cpu: Double) -> [String] {
        let report = CapacityReport(
            stack: Self.stack, machine: Self.machine,
            status: Sample.status([Sample.service("redis")]),
            series: Self.series(days: days, cpu: cpu))
        return CapacityPage(report: report).lines(on: Terminal())
    }
}
