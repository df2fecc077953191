import ControlProtocol
import StackModel
import Testing

@testable import catalystctl

/// What comes back through the front door, and what it means.
struct VerifyDoorTests {
    @Test(arguments: [
        ("https://example.org", "https://example.org", 443 as UInt16),
        ("https://example.org:8443/mcp?x", "https://example.org:8443", 8443),
        ("HTTP://[::1]:81/", "http://[::1]:81", 81), ("http://a", "http://a", 80),
    ])
    func `a front door is a scheme, a name and a port`(
        _ url: String, _ origin: String, _ port: UInt16
    ) {
        #expect(FrontDoor(url)?.origin == origin)
        #expect(FrontDoor(url)?.port == port)
    }

    @Test(arguments: [
        "example.org", "ftp://a", "https://", "https://a:0", "https://a:b", "https://u:p@a",
        "https://a b", "https://a\"b", "https://a:1:2",
    ])
    func `nothing else is`(_ url: String) { #expect(FrontDoor(url) == nil) }

    @Test func `curl gets what it needs on its standard input, quoted`() throws {
        let door = try #require(FrontDoor("https://example.org:444/mcp"))
        let text = door.configuration(
            .mcp(#"{"a":"\n"}"#, key: "k\"ey"), within: .seconds(7))
        let lines = text.split(separator: "\n")
        #expect(lines.contains(#"url = "https://example.org:444/mcp""#))
        #expect(lines.contains(#"connect-to = "::127.0.0.1:444""#))
        #expect(lines.contains(#"header = "X-API-Key: k\"ey""#))
        #expect(lines.contains(#"data-raw = "{\"a\":\"\\n\"}""#))
        #expect(lines.contains("max-time = 7"))
    }

    @Test func `an answer is the last of its heads, with what follows`() {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\nContent-Type: a\r\n\r\n{}\n\n"
        #expect(
            DoorAnswer(parsing: text)
                == DoorAnswer(status: 401, headers: ["content-type": "a"], body: "{}\n\n"))
        #expect(DoorAnswer(parsing: "") == nil)
        #expect(DoorAnswer(parsing: "hello\n\n") == nil)
    }

    @Test func `the door is shut without the key, in constant shape, and open with it`() {
        let shut = answer(401, "{\"error\":\"unauthorized\"}", ["date": "now"])
        let alike = answer(401, "{\"error\":\"unauthorized\"}", ["date": "then"])
        func standings(_ keyless: DoorReply, _ wrong: DoorReply, _ right: DoorReply?)
            -> [Aspect.Standing]
        {
            AuthenticationFacts(keyless: keyless, wrong: wrong, right: right).aspects
                .map(\.standing)
        }
        #expect(standings(shut, alike, answer(200, "")) == [.met, .met, .met])
        #expect(standings(shut, alike, answer(502, "")) == [.met, .met, .met])
        #expect(standings(shut, alike, answer(401, "")) == [.met, .met, .unmet])
        #expect(standings(shut, alike, nil) == [.met, .met, .unmet])
        #expect(standings(shut, answer(401, "no"), answer(200, "")) == [.met, .unmet, .met])
        #expect(standings(shut, answer(403, ""), answer(200, "")) == [.met, .unmet, .met])
        let open = answer(200, "")
        #expect(standings(open, open, open) == [.unmet, .unmet, .met])
        let busy = answer(429, "")
        #expect(standings(busy, busy, busy) == [.unchecked, .unchecked, .unchecked])
        #expect(standings(.failure("refused"), .failure("refused"), nil) == [.unmet])
        #expect(standings(.unavailable("no curl"), .unavailable("no curl"), nil) == [.unchecked])
        let unreadable = AuthenticationFacts(
            keyless: shut, wrong: alike, right: nil, keyProblem: "only root")
        #expect(unreadable.aspects.last?.standing == .unchecked)
    }

    @Test func `an MCP server greets in JSON or in a stream of events`() {
        let greeting = """
            {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-03-26","capabilities":{},\
            "serverInfo":{"name":"catalyst","version":"5.3.0"}}}
            """
        let json = answer(200, greeting, ["content-type": "application/json"])
        let stream = answer(
            200,
            ": hi\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\"}\n\nid: 3\ndata: \(greeting)\n",
            ["content-type": "text/event-stream; charset=utf-8"])
        for reply in [json, stream] {
            let facts = MCPFacts(initialize: reply, initialized: answer(202, ""))
            #expect(
                facts.aspects == [
                    .met("initialize: 'catalyst 5.3.0', MCP 2025-03-26"), .met("initialized: 202"),
                ])
        }
        #expect(
            MCPFacts(initialize: json, initialized: answer(400, "")).aspects.last?.standing
                == .unmet)
        let refusal = #"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"too old"}}"#
        #expect(
            MCPFacts(initialize: answer(200, refusal)).aspects.first?.words == "initialize: too old"
        )
    }

    @Test(arguments: [
        (answer(200, "<html>"), Aspect.Standing.unmet),
        (answer(401, ""), .unmet), (answer(502, ""), .unmet),
        (answer(429, ""), .unchecked), (.failure("refused"), .unmet),
        (.unavailable("no curl"), .unchecked),
    ])
    func `anything else is no greeting`(_ reply: DoorReply, _ standing: Aspect.Standing) {
        #expect(MCPFacts(initialize: reply).aspects.map(\.standing) == [standing])
    }

    @Test func `each service was asked in time, and said that it is well`() {
        func aspect(_ change: (inout HealthFacts.Check) -> Void) -> Aspect? {
            var check = HealthFacts.Check(
                name: "news", interval: .seconds(30), timeout: .seconds(10), hasHealthCheck: true,
                lastReport: Report(.healthy, latency: .milliseconds(3)),
                lastReportTime: Sample.time - .seconds(29))
            change(&check)
            return HealthFacts(checks: .success([check]), door: answer(200, ""), now: Sample.time)
                .aspects.first
        }
        #expect(aspect { _ in }?.standing == .met)
        #expect(aspect { $0.lastReportTime = Sample.time - .seconds(46) }?.standing == .unmet)
        #expect(
            aspect {
                $0.interval = nil
                $0.lastReportTime = Sample.time - .seconds(4600)
            }?.standing == .met)
        #expect(aspect { $0.hasHealthCheck = false }?.words == "news has no health check")
        #expect(aspect { $0.lastReport = nil }?.words == "news has not been asked yet")
        let failed = aspect { $0.lastReport = Report(.failed(.timedOut), latency: .seconds(10)) }
        #expect(
            failed
                == .unmet("news answered last: no answer in time (10.0s)", "catalystctl why news"))
    }
}

func answer(_ status: Int, _ body: String, _ headers: [String: String] = [:]) -> DoorReply {
    .answer(DoorAnswer(status: status, headers: headers, body: body))
}
