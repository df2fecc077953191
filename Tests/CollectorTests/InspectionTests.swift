internal import CollectorProtocol
internal import Glibc
internal import StackModel
internal import Testing

private let hasRedis = Child.succeeds(["redis-server", "--version"])

@Test(.enabled(if: hasRedis, "redis-server is not installed"))
func `a real Redis is inspected`() async throws {
    let port = SilentListener(listens: false).port
    let redis = try Child([
        "redis-server", "--bind", "127.0.0.1", "--port", "\(port)", "--save", "",
    ])
    let agent = try await AgentSide()
    var found: RedisFacts?
    let isThere = await holds(within: .seconds(20)) {
        let result = try? await agent.inspect(.redis(url: "redis://127.0.0.1:\(port)"))
        if case .redis(let facts)? = result { found = facts }
        return found != nil
    }
    #expect(isThere)
    #expect(found?.role == "master")
    redis.signal(SIGTERM)
    #expect(await redis.status(within: .seconds(20)) == 0)
    let gone = try await agent.inspect(.redis(url: "redis://127.0.0.1:\(port)"))
    #expect(gone == .failed("connection refused", isAway: true))
}

@Test func `inspections come in time and hold up nothing`() async throws {
    let (agent, silent) = (try await AgentSide(), SilentListener())
    let url = "redis://127.0.0.1:\(silent.port)"
    // Four threads wait; the fifth never gets its turn.
    for id in 1...5 as ClosedRange<UInt64> {
        try agent.send(
            CollectorRequest(
                inspect: InspectRequest(
                    id: id, inspection: .redis(url: url),
                    timeout: .milliseconds(id == 5 ? 300 : 600))))
    }
    try agent.ask(6, .tcp(host: "127.0.0.1", port: silent.port))
    #expect(try await agent.report().id == 6)
    let fifth = try #require(try await agent.reply().inspected)
    #expect(fifth.id == 5)
    #expect(
        fifth.result
            == .failed("cannot look: all threads wait for other slow servers", isAway: false))
    var ids: Set<UInt64> = []
    for _ in 1...4 {
        let inspected = try #require(try await agent.reply().inspected)
        #expect(inspected.result == .failed("no answer in time", isAway: true))
        ids.insert(inspected.id)
    }
    #expect(ids == [1, 2, 3, 4])
    // The threads are free again.
    #expect(
        try await agent.inspect(.certificates([])) == .certificates([]))
}

@Test func `inspections that wait are bounded`() async throws {
    let (agent, silent) = (try await AgentSide(), SilentListener())
    let url = "redis://127.0.0.1:\(silent.port)"
    for id in 1...(4 + 64 + 1) as ClosedRange<UInt64> {
        try agent.send(
            CollectorRequest(
                inspect: InspectRequest(id: id, inspection: .redis(url: url), timeout: .seconds(60))
            ))
    }
    let refused = try #require(try await agent.reply().inspected)
    #expect(refused.id == 69)
    #expect(refused.result == .failed("cannot look: 64 others wait already", isAway: false))
}
