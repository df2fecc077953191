internal import CollectorProtocol
internal import Glibc
internal import StackModel
internal import Testing

@Test func `probes are reported by id`() async throws {
    let (agent, listener, nobody) = (
        try await AgentSide(), SilentListener(), SilentListener(listens: false)
    )
    try agent.ask(7, .tcp(host: "127.0.0.1", port: listener.port))
    let first = try await agent.report()
    #expect(first.id == 7)
    #expect(first.report.outcome == .healthy)
    try agent.ask(8, .tcp(host: "127.0.0.1", port: nobody.port))
    let second = try await agent.report()
    #expect(second.id == 8)
    #expect(second.report.outcome == .failed(.refused))
}

@Test func `a slow probe holds up no other`() async throws {
    let (agent, listener) = (try await AgentSide(), SilentListener())
    let silent = Probe.http(url: "http://127.0.0.1:\(listener.port)/")
    try agent.ask(1, silent, within: .milliseconds(400))
    try agent.ask(2, .redis(url: "redis://127.0.0.1:\(listener.port)"), within: .milliseconds(500))
    try agent.ask(3, .tcp(host: "127.0.0.1", port: listener.port))
    #expect(try await agent.report().id == 3)
    #expect(try await Set([agent.report().id, agent.report().id]) == [1, 2])
}

@Test func `a cancelled probe is not reported`() async throws {
    let (agent, listener) = (try await AgentSide(), SilentListener())
    let silent = Probe.http(url: "http://127.0.0.1:\(listener.port)/")
    try agent.ask(1, silent, within: .milliseconds(100))
    try agent.send(CollectorRequest(cancel: 1))
    try agent.send(CollectorRequest(cancel: 99))
    try agent.ask(2, silent, within: .milliseconds(300))
    let report = try await agent.report()
    #expect(report.id == 2)
    #expect(report.report.outcome == .failed(.timedOut))
}

@Test func `what cannot be read is ignored`() async throws {
    let (agent, listener) = (try await AgentSide(), SilentListener())
    for line in ["garbage", "{}", "[1]", "{\"probe\":{\"id\":1}}", "\0\u{7f}", ""] {
        try agent.send(Array((line + "\n").utf8))
    }
    try agent.ask(1, .tcp(host: "127.0.0.1", port: listener.port))
    #expect(try await agent.report().id == 1)
}

@Test func `probes under way are bounded`() async throws {
    let (agent, nobody) = (try await AgentSide(), SilentListener(listens: false))
    let never = Probe.tcp(host: "127.0.0.1", port: nobody.port)
    for id in 1...UInt64(CollectorLimits.probesMax + 1) {
        try agent.ask(id, never, within: .seconds(60), awaitsListener: true)
    }
    let report = try await agent.report()
    #expect(report.id == UInt64(CollectorLimits.probesMax + 1))
    #expect(report.report.outcome == .unknown("cannot ask: 4096 probes are under way already"))
}

@Test func `a line without end ends the collector`() async throws {
    let agent = try await AgentSide()
    // It may be gone before all is sent.
    try? agent.send([UInt8](repeating: 120, count: CollectorLimits.requestBytesMax + (64 << 10)))
    #expect(await agent.collector.status(within: .seconds(10)) == 111 << 8)
}

@Test func `without its agent it ends`() async throws {
    let agent = try await AgentSide()
    let listener = SilentListener()
    try agent.ask(1, .http(url: "http://127.0.0.1:\(listener.port)/"), within: .seconds(60))
    agent.hangUp()
    #expect(await agent.collector.status(within: .seconds(10)) == 0)
}

@Test func `a Ctrl-C is left to the agent, SIGTERM is not`() async throws {
    let (agent, listener) = (try await AgentSide(), SilentListener())
    agent.collector.signal(SIGINT)
    try agent.ask(1, .tcp(host: "127.0.0.1", port: listener.port))
    #expect(try await agent.report().id == 1)
    agent.collector.signal(SIGTERM)
    #expect(await agent.collector.status(within: .seconds(10)) == SIGTERM)
}

@Test(arguments: [["--fd", "0"], ["--fd", "x"], ["--help"], ["--fd", "77"]])
func `without a socket it says so`(arguments: [String]) async throws {
    let collector = try Child([Child.programs + "/catalyst-collector"] + arguments)
    #expect(await collector.status(within: .seconds(10)) == 100 << 8)
}
