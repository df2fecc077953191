import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

@testable import catalystctl

/// `catalystctl verify` itself, against an agent's socket and a web server.
struct VerifyProgramTests {
    private static let key = "catalyst_" + String(repeating: "7", count: 32)

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `the key, health and MCP are met by a front door that does as it should`() throws {
        let program = try verify(["authentication", "health", "mcp"]) { request in
            if request.line == "GET /health" { return served(200, "{}") }
            guard request.head.contains("x-api-key: \(Self.key)") else {
                return served(401, #"{"error":"unauthorized"}"#)
            }
            if request.line.hasPrefix("DELETE") { return served(405, "") }
            if request.body.contains("notifications/") {
                return served(request.head.contains("mcp-session-id: 4711") ? 202 : 400, "")
            }
            return served(200, Self.greeting, "Mcp-Session-Id: 4711\r\n")
        }
        #expect(
            program.output == """
                ✓ 5 API key        without a key: 401; with a wrong key: 401 of the same shape;
                                   with the key: 200
                ✓ 6 health checks  all 1 have one, asked in time, last answer healthy; /health
                                   through nginx: 200
                ✓ 7 MCP            initialize: 'catalyst 5.3.0', MCP 2025-03-26; initialized:
                                   202

                3 of 3 met

                """)
        #expect(program.errors == "")
        #expect(program.status == 0)
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `a door that is open to all is not met, and the first remedy stands at the end`() throws {
        let program = try verify(["authentication", "mcp"]) { _ in served(200, "{}") }
        #expect(program.output.contains("✗ without a key: 200, not 401"))
        #expect(program.output.contains("initialize: the answer is none of MCP's"))
        #expect(program.output.hasSuffix("0 of 2 met, 2 not\nnext: nginx -T, scripts/install\n"))
        #expect(program.status == 1)
        #expect(!program.output.contains(Self.key))
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `in JSON each criterion has its number, its standing and its aspects`() throws {
        let program = try verify(["mcp", "database"], "--json") { _ in served(429, "{}") }
        guard
            case .array(let judgements) = try JSONLines.decode(
                JSONValue.self, from: Array(program.output.utf8)), judgements.count == 2,
            case .object(let database) = judgements[0], case .object(let mcp) = judgements[1]
        else { throw TestFailure("not two objects: \(program.output)") }
        #expect(database["number"] == .number(2))
        #expect(database["standing"] == .string("unchecked"))
        #expect(mcp["criterion"] == .string("mcp"))
        #expect(mcp["standing"] == .string("unchecked"))
        #expect(program.status == 5)
    }

    @Test func `a criterion that there is not, and a URL that is none, are usage errors`() throws {
        #expect(try Program(["verify", "--only", "beauty"]).status == 2)
        #expect(try Program(["verify", "--url", "example.org"]).status == 2)
    }

    @Test func `without an agent what needs none is looked at all the same`() throws {
        let program = try Program([
            "verify", "--only", "services", "database", "--socket", "/nowhere/control.sock",
            "--file", "/nowhere/stack.yaml",
        ])
        #expect(program.output.contains("→ systemctl start catalystd"))
        #expect(program.output.contains("– 2 database       no DATABASE_URL"))
        #expect(program.status == 1)
    }

    /// With an agent that knows one service, and `door` as the front door.
    private func verify(
        _ criteria: [String], _ words: String...,
        door: @escaping @Sendable (TinyWeb.Request) -> String
    ) throws -> Program {
        let web = try TinyWeb(door)
        defer { web.stop() }
        let agent = try TinyAgent(answers: try Self.answers())
        defer { agent.stop() }
        let directory = try temporaryDirectory()
        let variables = directory + "/.env"
        try write("MCP_API_KEY=\(Self.key)\n", to: variables)
        defer {
            unlink(variables)
            rmdir(directory)
        }
        let program = try Program(
            ["verify", "--socket", agent.path, "--url", web.url, "--env-file", variables, "--only"]
                + criteria + words, environment: ["PATH=/usr/local/bin:/usr/bin:/bin"])
        // The key is in the requests, and nowhere else.
        #expect(!program.output.contains(Self.key))
        #expect(web.requests.contains { $0.head.contains(Self.key) })
        return program
    }

    /// What the agent is asked, in this order.
    private static func answers() throws -> [String] {
        var service = Sample.service("news")
        service.restarts = 0
        var status = ControlReply.end()
        status.status = Sample.status([service])
        var config = ControlReply.end()
        var news = ServiceSpec(name: "news", command: ["catalyst-standin"])
        news.healthCheck = HealthCheck(.http(url: "http://127.0.0.1:5008/health"))
        config.config = StackSpec(name: "catalyst", services: [news])
        var why = ControlReply.end()
        var explanation = Explanation(service: service, summary: "news is up")
        explanation.lastReport = Report(.healthy, latency: .milliseconds(2))
        explanation.lastReportTime = Timestamp.now()
        why.why = explanation
        return try [status, config, why].map {
            String(decoding: try JSONLines.encode($0), as: UTF8.self)
        }
    }

    private static let greeting = """
        {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-03-26","capabilities":{},\
        "serverInfo":{"name":"catalyst","version":"5.3.0"}}}
        """
}

private let hasCurl = access("/usr/bin/curl", X_OK) == 0

private func served(_ status: Int, _ body: String, _ headers: String = "") -> String {
    "HTTP/1.1 \(status) x\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\(headers)\r\n\(body)"
}

/// Nobody else may read it.
private func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw TestFailure("cannot write '\(path)': \(errno)") }
    defer { close(descriptor) }
    guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
        throw TestFailure("cannot write '\(path)': \(errno)")
    }
}
