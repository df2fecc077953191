internal import CollectorProtocol
internal import Glibc
internal import StackModel
internal import Testing

/// A collector that serves `/metrics`.
private final class Served {
    let agent: AgentSide
    private let seat = SilentListener(listens: false)
    var port: UInt16 { seat.port }

    init() async throws {
        agent = try await AgentSide()
        #expect(try await agent.serve(Port(number: port)) == "")
    }

    func browser() throws -> Browser { try Browser(port: port) }

    /// Answers the next scrape.
    func answer(_ text: String) async throws {
        guard let id = try await agent.reply().scrape else { throw Failure(words: "no scrape") }
        try agent.send(CollectorRequest(page: Page(id: id, contentType: "text/x", text: text)))
    }
}

extension AgentSide {
    fileprivate func serve(_ port: Port) async throws -> String? {
        try send(CollectorRequest(serve: port))
        return try await reply().serving
    }
}

/// On a busy machine our own side may be too late for the server's patience, so that it hears nothing; then once
/// more.
private func comesTrue(_ attempt: () async throws -> Bool) async -> Bool {
    for _ in 1...10 where (try? await attempt()) == true { return true }
    return false
}

@Test func `a scrape is answered with the agent's page`() async throws {
    let served = try await Served()
    let isAnswered = await comesTrue {
        let browser = try served.browser()
        for path in ["/metrics", "/metrics?x=y", "/metrics"] {
            browser.get(path)
            try await served.answer("up \(path)\n")
            let answer = try await browser.answer()
            guard answer.hasPrefix("HTTP/1.1 200 OK\r\n") else { return false }
            #expect(answer.lowercased().contains("content-type: text/x\r\n"))
            #expect(answer.hasSuffix("\r\n\r\nup \(path)\n"))
        }
        return true
    }
    #expect(isAnswered)
}

@Test func `HEAD gets no body`() async throws {
    let served = try await Served()
    let isAnswered = await comesTrue {
        let browser = try served.browser()
        browser.get(method: "HEAD")
        try await served.answer("four\n")
        let answer = try await browser.answer(endingWith: "\r\n\r\n")
        guard answer.hasPrefix("HTTP/1.1 200 OK\r\n") else { return false }
        #expect(answer.lowercased().contains("content-length: 5\r\n"))
        // The connection is still good for the next one.
        browser.get()
        try await served.answer("next\n")
        return try await browser.answer().hasSuffix("\r\n\r\nnext\n")
    }
    #expect(isAnswered)
}

@Test(arguments: [
    ("GET", "/", "404"), ("GET", "/metrics/", "404"), ("GET", "/status", "404"),
    ("POST", "/metrics", "405"), ("DELETE", "/metrics", "405"), ("BREW", "/metrics", "4"),
])
func `nothing else is served`(method: String, path: String, status: String) async throws {
    let served = try await Served()
    let isRefused = await comesTrue {
        let browser = try served.browser()
        browser.get(path, method: method)
        return try await browser.answer().hasPrefix("HTTP/1.1 \(status)")
    }
    #expect(isRefused)
}

@Test func `an agent that does not answer is not waited for`() async throws {
    let served = try await Served()
    let browser = try served.browser()
    browser.get()
    let id = try #require(try await served.agent.reply().scrape)
    #expect(try await browser.answer().hasPrefix("HTTP/1.1 503 "))
    // Too late, and for nobody: another client gets its own.
    try served.agent.send(
        CollectorRequest(page: Page(id: id, contentType: "text/x", text: "late\n")))
    let isAnswered = await comesTrue {
        let next = try served.browser()
        next.get()
        try await served.answer("own\n")
        return try await next.answer().hasSuffix("\r\n\r\nown\n")
    }
    #expect(isAnswered)
}

@Test(arguments: [
    ("GET /metrics HTTP/1.1\r\nX: ", 9 << 10, "431"),
    ("GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n", 20_000, "431"),
    ("\u{16}\u{3}\u{1} no HTTP\r\n\r\n", 0, "400"),
])
func `a request without end or sense is refused`(
    start: String, more: Int, status: String
) async throws {
    let served = try await Served()
    let isRefused = await comesTrue {
        let browser = try served.browser()
        browser.send(start + String(repeating: "x", count: more))
        let answer = try await browser.answer(endingWith: "\r\n\r\n")
        #expect(await browser.isClosed(within: .seconds(20)))
        return answer.hasPrefix("HTTP/1.1 \(status) ")
    }
    #expect(isRefused)
}

@Test func `a client that says nothing is let go`() async throws {
    let served = try await Served()
    let (silent, slow) = (try served.browser(), try served.browser())
    slow.send("GET /metr")
    #expect(await silent.isClosed(within: .seconds(30)))
    #expect(await slow.isClosed(within: .seconds(30)))
}

@Test func `clients are bounded`() async throws {
    let served = try await Served()
    let isRefused = await comesTrue {
        let browsers = try (1...8).map { _ in try served.browser() }
        for browser in browsers { browser.get() }
        // All eight have arrived when all have asked.
        var ids: [UInt64] = []
        while ids.count < 8 {
            // Too late for one of them: none comes any more.
            guard let id = try? await served.agent.reply(within: .seconds(6)).scrape else {
                return false
            }
            ids.append(id)
        }
        let ninth = try served.browser()
        let refusal = try await ninth.answer(endingWith: "\r\n\r\n")
        for id in ids {
            let page = Page(id: id, contentType: "text/x", text: "for \(id)\n")
            try served.agent.send(CollectorRequest(page: page))
        }
        for browser in browsers {
            #expect(try await browser.answer().hasPrefix("HTTP/1.1 "))
        }
        return refusal.hasPrefix("HTTP/1.1 503 ")
    }
    #expect(isRefused)
}

@Test(arguments: ["0.0.0.0", "192.0.2.1", "::", "example.org", "127.evil.example", ""])
func `only loopback is listened to`(address: String) async throws {
    let words = try await AgentSide().serve(Port(address: address, number: 9464))
    #expect(words?.contains("only loopback is allowed") == true)
}

@Test func `a port that is taken is told`() async throws {
    let listener = SilentListener()
    let agent = try await AgentSide()
    let words = try await agent.serve(Port(number: listener.port))
    #expect(
        words
            == "cannot serve metrics at 127.0.0.1:\(listener.port): address already in use"
            + " (choose another port, or stop what listens there)")
    // And another one is tried all the same.
    #expect(try await agent.serve(Port(number: SilentListener(listens: false).port)) == "")
}

@Test func `a port is changed and given back`() async throws {
    let served = try await Served()
    let old = try served.browser()
    #expect(try await served.agent.serve(Port(number: served.port)) == "")
    let other = SilentListener(listens: false).port
    #expect(try await served.agent.serve(Port(address: "localhost", number: other)) == "")
    #expect(await old.isClosed(within: .seconds(10)))
    #expect(await holds(within: .seconds(10)) { (try? served.browser()) == nil })
    _ = try Browser(port: other)
    try served.agent.send(CollectorRequest(serve: Port(number: 0)))
    #expect(await holds(within: .seconds(10)) { (try? Browser(port: other)) == nil })
}
