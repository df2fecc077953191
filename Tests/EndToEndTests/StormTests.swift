import ControlProtocol
import Glibc
import StackModel
import Testing

/// One cause, many who suffer: one alert, and nobody is restarted for it.
@Suite(
    .ownThread, .timeLimit(.minutes(20)),
    .enabled(if: isInstalled("redis-server"), "redis-server is not installed"))
struct StormTests {
    @Test(arguments: ["killed", "hung"])
    func `Redis away under the eight is one alert, and restarts none of them`(how: String) throws {
        let storm = try Storm()
        try withAgent(in: storm.folder, { _ in storm.stack }) { agent in
            try agent.expectAllWell()
            let before = try storm.pids(agent)
            if how == "killed" {
                try storm.folder.write("", to: "no-redis")
                kill(try agent.pid(of: "redis"), SIGKILL)
            } else {
                kill(try agent.pid(of: "redis"), SIGSTOP)
                try storm.folder.write("", to: "no-redis")
            }
            let alert = try agent.alert(about: "redis") { $0.blocked.count == 8 }
            #expect(Set(alert.blocked) == Set(Storm.eight))
            #expect(alert.severity == .critical)
            try storm.folder.write("", to: "yes-redis")
            try agent.expectAllWell()
            try agent.expectResolved(alert.id)
            #expect(try storm.pids(agent) == before, "none of the eight was restarted")
            #expect(try agent.alerts(all: true).map(\.id) == [alert.id])
            let kinds = try agent.life(of: alert.id).map(\.kind)
            #expect(kinds.count { $0 == .fired } == 1)
            #expect(kinds.count { $0 == .resolved } == 1)
        }
    }

    @Test(.enabled(if: Database.programs != nil, "PostgreSQL's server is not installed"))
    func `the database away is one alert as well`() throws {
        let database = try Database()
        let storm = try Storm(database: database)
        try withAgent(in: storm.folder, { _ in storm.stack }) { agent in
            try agent.expectAllWell()
            try agent.expect("the database is watched") {
                $0.host.readings["@postgres"]?[.postgresConnections] != nil
            }
            let before = try storm.pids(agent)
            database.stop()
            let alert = try agent.alert(about: "@postgres") { $0.blocked.count == 8 }
            #expect(alert.rule == .databaseAway)
            try database.start()
            try agent.expectAllWell()
            try agent.expectResolved(alert.id)
            #expect(try storm.pids(agent) == before, "none of the eight was restarted")
            #expect(try agent.alerts(all: true).map(\.id) == [alert.id])
        }
    }

    @Test func `the brake holds back what would be restarted all at once`() throws {
        let ports = try (0..<4).map { _ in try freePort() }
        let services = ports.enumerated().map { index, port in
            Piece.web("web\(index)", port: port)
        }
        let stack =
            "services:\n" + services.joined(separator: "\n")
            + "\nx-catalyst: {brake: {restarts: 2, window: 10m}}\n"
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            for port in ports { try http("POST", port: port, "/fault/unhealthy") }
            let alert = try agent.alert(about: "@agent") { $0.rule == .brake }
            #expect(alert.severity == .critical)
            try agent.expect("two are replaced, two are not") { status in
                status.services.count { $0.restarts == 1 && $0.health == .healthy } == 2
                    && status.services.count { $0.restarts == 0 && $0.health == .unhealthy } == 2
            }
            for port in ports { try http("POST", port: port, "/fault/clear") }
            try agent.expectAllWell()
            try agent.expectResolved(alert.id, within: .seconds(90))
        }
    }
}

/// The nine, probed in haste: what suffers is asked more often than what it needs.
private struct Storm {
    static let eight = Nine.names.dropFirst()

    let folder: Folder
    let stack: String

    init(database: Database? = nil) throws {
        folder = try Folder()
        let redis = try freePort()
        let script =
            "[ -e yes-redis ] || [ ! -e no-redis ] || exit 1; exec redis-server --bind 127.0.0.1 "
            + "--port \(redis) --dir . --save '' --appendonly yes"
        var services = [
            Piece.shell(
                "redis", script,
                more: """
                    working_dir: \(folder.path)
                    healthcheck: {test: [REDIS, "redis://127.0.0.1:\(redis)"], interval: 1s, timeout: 500ms, retries: 3}
                    deploy: {restart_policy: {condition: any}}
                    """)
        ]
        for name in Self.eight {
            let needs = (Nine.needs[name] ?? []).map { "\($0): {condition: service_healthy}" }
            let url = database.map { ["--postgres", $0.url] } ?? []
            services.append(
                Piece.web(
                    name.text, port: try freePort(),
                    ["--redis", "redis://127.0.0.1:\(redis)"] + url,
                    rules:
                        "interval: 500ms, timeout: 3s, retries: 2, start_period: 20s, start_interval: 50ms",
                    more: """
                        depends_on: {\(needs.joined(separator: ", "))}
                        environment: {DATABASE_URL: "\(database?.url ?? "")"}
                        """))
        }
        stack =
            "services:\n" + services.joined(separator: "\n") + """

                x-catalyst:
                  database: "\(database?.url ?? "off")"
                  metrics: off
                  alerts:
                    rules:
                      service-down: {for: 1s, hold: 2s}
                      service-unhealthy: {hold: 2s}
                      service-crash-looping: {hold: 2s}
                      service-gave-up: {hold: 2s}
                      database-away: {hold: 2s}
                      outbox-filling: off

                """
    }

    func pids(_ agent: RunningAgent) throws -> [ServiceName: Int32?] {
        let services = try agent.status().services.filter { $0.name != "redis" }
        return Dictionary(uniqueKeysWithValues: services.map { ($0.name, $0.pid) })
    }
}
