import ControlProtocol
import Glibc
import StackModel
import Testing

/// The nine as documented, with stand-ins and a real Redis.
@Suite(
    .ownThread, .timeLimit(.minutes(20)),
    .enabled(if: isInstalled("redis-server"), "redis-server is not installed"))
struct NineTests {
    @Test func `the nine come up in dependency order and leave nothing behind`() throws {
        let nine = try Nine()
        try withAgent(in: nine.folder, { _ in nine.stack }) { agent in
            try agent.expectAllWell()
            let status = try agent.status()
            #expect(status.services.map(\.name) == Nine.names)
            #expect(
                status.services.allSatisfy {
                    $0.state == .up && $0.health == .healthy && $0.restarts == 0
                })
            #expect(try agent.catalystctl("status").status == 0)

            let events = try agent.events()
            func index(_ kind: EventRecord.Kind, _ name: ServiceName) -> Int {
                events.firstIndex { $0.kind == kind && $0.service == name } ?? -1
            }
            for (name, needs) in Nine.needs {
                for need in needs {
                    #expect(index(.healthy, need) < index(.started, name), "\(name) after \(need)")
                }
            }
            #expect(try agent.stop() == 0)
            let said = agent.program.errors
            for (name, needs) in Nine.needs {
                for need in needs {
                    #expect(
                        said.order(of: "\(name): stopped", before: "\(need): stopping"),
                        "\(name) stops first")
                }
            }
        }
    }

    @Test func `a second run on the same state works at once`() throws {
        let nine = try Nine()
        for _ in 0..<2 {
            try withAgent(in: nine.folder, { _ in nine.stack }) { try $0.expectAllWell() }
        }
    }

    @Test func `all wait for Redis, and are blocked while it hangs`() throws {
        let nine = try Nine()
        try withAgent(in: nine.folder, { _ in nine.stack }) { agent in
            try agent.expectAllWell()
            let redis = try agent.pid(of: "redis")
            let before = try agent.status().services.filter { $0.name != "redis" }.map(\.pid)
            let last = try agent.lastEventID()
            kill(redis, SIGSTOP)
            try agent.event(.unhealthy, of: "redis", after: last)
            try agent.expect("redis replaced") {
                $0.services[0].state == .up && $0.services[0].pid != redis
            }
            try agent.expectAllWell()
            #expect(try agent.status().services.filter { $0.name != "redis" }.map(\.pid) == before)
            let events = try agent.events().filter { $0.id > last }
            #expect(!events.contains { $0.kind == .unhealthy && $0.service != "redis" })
        }
    }
}

/// The documented nine on ports of one test's own.
struct Nine {
    static let names: [ServiceName] = [
        "redis", "news", "orchestration", "scanner", "pattern", "technical", "risk-manager",
        "trading", "reporting",
    ]
    static let needs: [ServiceName: [ServiceName]] = [
        "news": ["redis"], "orchestration": ["redis"], "scanner": ["news"], "pattern": ["redis"],
        "technical": ["redis"], "risk-manager": ["redis"],
        "trading": ["scanner", "pattern", "technical"],
        "reporting": ["trading"],
    ]

    let folder: Folder
    let stack: String
    let redisPort: UInt16

    init() throws {
        folder = try Folder()
        let redis = try freePort()
        redisPort = redis
        var services = [
            """
              redis:
                command: redis-server --bind 127.0.0.1 --port \(redis) --dir \(folder.path) --appendonly yes
                healthcheck: {test: [REDIS, "redis://127.0.0.1:\(redis)"], interval: 300ms, timeout: 300ms, retries: 2}
                deploy: {restart_policy: {condition: any}}

            """
        ]
        for name in Self.names.dropFirst() {
            let needs = (Self.needs[name] ?? []).map { "\($0): {condition: service_healthy}" }
            services.append(
                Piece.web(
                    name.text, port: try freePort(), ["--redis", "redis://127.0.0.1:\(redis)"],
                    // As documented, what all need is asked more often than they are.
                    rules:
                        "interval: 1s, timeout: 3s, retries: 3, start_period: 40s, start_interval: 50ms",
                    more: "depends_on: {\(needs.joined(separator: ", "))}"))
        }
        stack = "services:\n" + services.joined(separator: "\n")
    }
}

extension String {
    /// Whether both are there, and `first` comes before `second`.
    func order(of first: String, before second: String) -> Bool {
        let lines = split(separator: "\n")
        guard let one = lines.firstIndex(where: { $0.contains(first) }),
            let other = lines.firstIndex(where: { $0.contains(second) })
        else { return false }
        return one < other
    }
}
