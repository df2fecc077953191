internal import CollectorProtocol
internal import Glibc
internal import StackModel
internal import TestSupport
internal import Testing

private let host = HostIdentity(
    ledger: "ledger-1", hostName: "trading-1", agentVersion: "0.1.0", stack: "catalyst", wanted: 9,
    well: 9)

private func event(_ sequence: Int64) -> OutboxRecord {
    let event = EventRecord(
        id: UInt64(sequence), time: Timestamp(nanoseconds: 4_000_000_000_000_000_000),
        service: "news",
        kind: .healthy, priority: .info, message: "healthy")
    return OutboxRecord(sequence: sequence, content: .event(event))
}

extension AgentSide {
    fileprivate func ship(
        _ id: UInt64, to url: String, _ records: [OutboxRecord], within timeout: Duration
    ) throws {
        try send(
            CollectorRequest(
                ship: ShipRequest(
                    id: id, database: url, host: host, records: records, timeout: timeout)))
    }
}

@Test(
    .enabled(if: !RealPostgres.isMissing, "PostgreSQL's server is not installed"), .ownThreads)
func `records are shipped to the database, and it is inspected`() async throws {
    let (agent, postgres) = (try await AgentSide(), try RealPostgres())
    defer { postgres.stop() }
    try agent.ship(1, to: postgres.url(), [event(1)], within: .seconds(60))
    let early = try await agent.reply(within: .seconds(60)).shipped
    #expect(early?.id == 1)
    #expect(early?.isRefused == false)
    #expect(early?.failure?.contains("catalystctl db migrate") == true)
    for file in ["0001_tables", "0002_views", "0003_retention", "0004_roles"] {
        let checkout = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        try postgres.psql(["-f", "/\(checkout)/sql/\(file).sql"])
    }
    try agent.ship(2, to: postgres.url(), [event(1), event(2)], within: .seconds(60))
    #expect(try await agent.reply(within: .seconds(60)).shipped == Shipped(id: 2))
    #expect(try postgres.psql("SELECT sequence FROM ops.service_events ORDER BY 1") == "1\n2\n")
    let looked = try await agent.inspect(.postgres(url: postgres.url()), within: .seconds(60))
    guard case .postgres(let facts) = looked else {
        Issue.record("\(looked)")
        return
    }
    #expect(facts.schemaVersion == 4)
    // One that ships and, by now, none that inspects.
    let ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'catalyst'"
    #expect(await holds(within: .seconds(60)) { (try? postgres.psql(ours)) == "1\n" })
}

@Test func `a database that hangs delays no probe, and no second shipment waits for it`()
    async throws
{
    let (agent, silent) = (try await AgentSide(), SilentListener())
    let url = "postgres://u:geheim@127.0.0.1:\(silent.port)/x"
    try agent.ship(1, to: url, [event(1)], within: .seconds(2))
    try agent.ship(2, to: url, [], within: .seconds(2))
    try agent.ask(3, .tcp(host: "127.0.0.1", port: silent.port))
    let second = try await agent.reply().shipped
    #expect(second?.id == 2)
    #expect(second?.failure == "another batch is under way")
    #expect(try await agent.report().report.outcome == .healthy)
    #expect(
        try await agent.reply().shipped == Shipped(id: 1, failure: "no answer in time"))
}

@Test func `a database sees two connections at most, however much is asked of it`() async throws {
    let (agent, silent) = (try await AgentSide(), SilentListener())
    let url = "postgres://u:p@127.0.0.1:\(silent.port)/x"
    func inspect(_ id: UInt64, within timeout: Duration) throws {
        try agent.send(
            CollectorRequest(
                inspect: InspectRequest(id: id, inspection: .postgres(url: url), timeout: timeout)))
    }
    var connections: [CInt] = []
    defer { for connection in connections { close(connection) } }
    func countConnections() -> Int {
        var entry = pollfd(fd: silent.descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, 0) == 1 { connections.append(accept(silent.descriptor, nil, nil)) }
        return connections.count
    }
    // Longer than the test may take.
    try agent.ship(1, to: url, [], within: .seconds(600))
    try inspect(2, within: .seconds(600))
    #expect(await holds(within: .seconds(60)) { countConnections() == 2 })
    // These wait for their turn, which does not come.
    try inspect(3, within: .milliseconds(300))
    try inspect(4, within: .milliseconds(300))
    try agent.ask(5, .postgres(url: url), within: .milliseconds(300))
    for _ in 3...5 { _ = try await agent.reply() }
    #expect(countConnections() == 2)
}
