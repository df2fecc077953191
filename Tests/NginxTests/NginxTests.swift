internal import Testing

@Suite(
    .enabled(if: FrontDoor.isPossible, "needs nginx, curl and openssl: scripts/setup test"),
    .serialized)
struct NginxTests {
    private static let initialize = """
        {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26",\
        "capabilities":{},"clientInfo":{"name":"test","version":"1"}}}
        """

    @Test func `who has no key, or a wrong one, learns nothing from the answer`() throws {
        let door = try FrontDoor()
        let shape = ["--include", "--data", "{}"]
        let none = answer(door.ask("/mcp", shape))
        #expect(none.hasPrefix("HTTP/1.1 401 "))
        #expect(none.contains("application/json") && none.contains(#"{"error":"unauthorized""#))
        #expect(none.contains("WWW-Authenticate: Bearer"))
        for key in [
            FrontDoor.wrongKey, "x", "\(FrontDoor.firstKey)0",
            String(FrontDoor.firstKey.dropLast()),
        ] {
            #expect(answer(door.ask("/mcp", key: key, shape)) == none)
        }
        #expect(answer(door.ask("/mcp", ["--header", "Authorization: Bearer x"] + shape)) == none)
    }

    @Test func `the right key reaches orchestration`() throws {
        let door = try FrontDoor()
        let call = ["--data", Self.initialize, "--header", "Content-Type: application/json"]
        let reply = door.ask("/mcp", key: FrontDoor.firstKey, call)
        #expect(reply.contains(#""serverInfo":{"name":"orchestration""#), "\(reply)")
        let bearer = ["--header", "Authorization: Bearer \(FrontDoor.firstKey)"]
        #expect(door.ask("/mcp", bearer + call) == reply)
        let events = door.ask(
            "/mcp", key: FrontDoor.firstKey, call + ["--header", "Accept: text/event-stream"])
        #expect(events.hasPrefix("event: message\ndata: {") && events.contains("serverInfo"))
        #expect(door.ask("/health").contains(#""service":"orchestration""#))
    }

    @Test func `only TLS 1_3 is spoken`() throws {
        let door = try FrontDoor()
        #expect(door.status("/health", ["--tls-max", "1.2"]) == "000")
        #expect(door.status("/health", ["--tlsv1.3"]) == "200")
    }

    @Test func `every answer has the headers, errors too`() throws {
        let door = try FrontDoor()
        let tooLarge = ["--data-binary", "@" + door.folder + "/large"]
        _ = door.ask("/", ["--output", "/dev/null"])
        #expect(makeLarge(door.folder + "/large"))
        let answers = [
            ("200", door.ask("/health", ["--include"])), ("401", door.ask("/mcp", ["--include"])),
            ("404", door.ask("/nowhere", ["--include"])),
            ("413", door.ask("/mcp", key: FrontDoor.firstKey, ["--include"] + tooLarge)),
        ]
        for (status, text) in answers {
            #expect(text.contains("HTTP/1.1 \(status) "), "\(text.prefix(200))")
            for header in [
                "Strict-Transport-Security: max-age=31536000; includeSubDomains",
                "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY",
                "X-XSS-Protection: 1; mode=block",
            ] { #expect(text.contains(header), "\(status) without \(header)") }
            #expect(!text.contains("nginx/") && !text.contains("catalyst-standin"))
        }
    }

    @Test func `what is no request is told so in the same shape, and logged as it was asked`()
        throws
    {
        let door = try FrontDoor(withService: false)
        let long = String(repeating: "a", count: 9000)
        for words in [
            ["--request-target", "/../x"], ["--header", "X: \(long)"], ["-H", "Host:"],
        ] {
            let said = door.ask("/health", ["--include"] + words)
            #expect(said.hasPrefix("HTTP/1.1 400 "), "\(said)")
            #expect(said.contains(#"{"error":"bad-request""#), "\(said)")
            #expect(said.contains("Strict-Transport-Security"))
        }
        #expect(door.ask("/\(long)").contains(#"{"error":"bad-request""#))
        #expect(door.ask("/_key", key: FrontDoor.firstKey).contains(#"{"error":"not-found""#))
        #expect(door.status("/health", ["--data", "{}"]) == "404")
        #expect(door.status("/mcp?secret=\(FrontDoor.wrongKey)", key: FrontDoor.wrongKey) == "401")
        let log = contents(of: door.folder + "/log/access.log") ?? ""
        #expect(log.contains(#""GET /mcp HTTP/1.1" 401"#), "\(log)")
        #expect(!log.contains("catalyst_") && !log.contains("/_said"))
    }

    @Test func `a burst of 20 passes, then 100 a minute; guessing keys is limited as well`() throws
    {
        let door = try FrontDoor()
        let began = ContinuousClock.now
        let many = (0..<60).flatMap { _ in ["--output", "/dev/null", door.url + "/mcp"] }
        let codes = door.ask(
            "/mcp", key: FrontDoor.firstKey,
            ["--data", "{}", "--output", "/dev/null", "--write-out", "%{http_code}\n"] + many
        ).split(separator: "\n")
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        let passed = codes.count { $0 == "200" }
        #expect(codes.count == 61 && codes.allSatisfy { $0 == "200" || $0 == "429" })
        // The first, the burst, and what the time brought.
        #expect(passed >= 21 && passed <= 22 + Int(seconds * 100 / 60), "\(passed) in \(seconds) s")
        let wrong = door.ask("/mcp", key: FrontDoor.wrongKey, ["--include"])
        if seconds < 10 {
            #expect(wrong.hasPrefix("HTTP/1.1 429 ") && wrong.contains("Retry-After: 1"))
            #expect(wrong.contains(#"{"error":"too-many-requests""#))
        }
    }

    @Test func `a stream arrives as it is sent`() throws {
        let door = try FrontDoor()
        // The second event is a minute away.
        let begun = door.ask(
            "/mcp?count=2&pause=60", key: FrontDoor.firstKey, ["--no-buffer", "--max-time", "5"])
        #expect(begun.components(of: "event: message") == 1)
    }

    @Test func `nobody behind it is said so`() throws {
        let door = try FrontDoor(withService: false)
        let said = door.ask("/mcp", key: FrontDoor.firstKey, ["--include", "--data", "{}"])
        #expect(said.hasPrefix("HTTP/1.1 503 ") && said.contains(#"{"error":"unavailable""#))
    }

    @Test func `a new key takes over without a pause, and the old one ends when it is told`() throws
    {
        let door = try FrontDoor()
        #expect(door.control(["show"]).output == FrontDoor.firstKey + "\n")
        let clients = Clients(of: door, key: FrontDoor.firstKey)
        let rotated = door.control(["rotate", "--keep-old"])
        #expect(rotated.status == 0, "\(rotated.output)")
        let codes = clients.codes()
        #expect(codes.count >= 40 && codes.allSatisfy { $0 == "200" }, "\(codes)")
        let new = door.control(["show"]).output.filter { $0 != "\n" }
        #expect(new != FrontDoor.firstKey && new.hasPrefix("catalyst_") && new.count == 41)
        #expect(!rotated.output.contains(new))
        #expect(contents(of: door.envFile) == "# kept\nOTHER=\"a b\"\nMCP_API_KEY=\(new)\nLAST=1\n")
        #expect(door.control(["retire"]).status == 0)
        #expect(door.becomes("401", key: FrontDoor.firstKey))
        #expect(door.status("/mcp", key: new) == "200")
        #expect(mode(of: door.envFile) == "600" && mode(of: door.keyFile) == "600")
    }

    @Test func `what nginx refuses leaves the old key right`() throws {
        let door = try FrontDoor()
        _ = shell("echo nonsense >> '\(door.folder)/etc/headers.conf'")
        let refused = door.control(["rotate"])
        #expect(refused.status == 1)
        #expect(refused.output.contains("nothing was changed: the old key is right"))
        #expect(door.control(["show"]).output == FrontDoor.firstKey + "\n")
        #expect(contents(of: door.keyFile)?.contains(FrontDoor.firstKey) == true)
    }

    /// Without what time and chance put into it.
    private func answer(_ text: String) -> String {
        text.split(separator: "\r\n").filter { !$0.hasPrefix("Date: ") }.joined(separator: "\n")
    }
}
