import ControlProtocol
import Glibc
import StackModel
import Testing

/// When alerts are kept, and nobody is told.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct QuietTests {
    @Test func `in a maintenance nobody is told; afterwards of what still is wrong`() throws {
        try withAgent(Self.stack) { agent in
            try agent.expectAllWell()
            let begun = try agent.catalystctl(
                "maintenance", "start", "--for", "1h", "--reason", "new disk\nforged \u{1b}[31m")
            #expect(begun.status == 0, "\(begun)")
            #expect(holds { agent.program.errors.contains("new disk\\nforged ") })
            #expect(!agent.program.errors.contains("\u{1b}"))
            #expect(try agent.status().host.maintenance?.reason.contains("new disk") == true)
            for name in ["one", "two"] as [ServiceName] { try Self.kill(name, agent) }
            let one = try agent.alert(about: "one")
            let two = try agent.alert(about: "two")
            #expect(one.silence != nil, "\(one)")
            try agent.folder.write("", to: "two-lives")
            try agent.expectResolved(two.id)
            // It survives the agent.
            agent.kill9()
            try agent.folder.write("", to: "one-dies")
            try agent.startAgain()
            #expect(try agent.status().host.maintenance != nil)
            let still = try agent.alert(about: "one")
            #expect(agent.told(of: still.id).isEmpty, "\(agent.program.errors)")

            #expect(try agent.catalystctl("maintenance", "end").status == 0)
            try agent.expectTold(.fired, of: still.id)
            #expect(try agent.status().host.maintenance == nil)
            #expect(agent.told(of: two.id).isEmpty, "it came and went")
        }
    }

    @Test func `a maintenance that nobody ends is told`() throws {
        try withAgent(Self.stack) { agent in
            try agent.expectAllWell()
            #expect(try agent.catalystctl("maintenance", "start", "--for", "1s").status == 0)
            let overdue = try agent.alert(about: "@agent") { $0.rule == .maintenanceOverdue }
            try agent.expectTold(.fired, of: overdue.id)
            #expect(try agent.catalystctl("maintenance", "end").status == 0)
            try agent.expectTold(.resolved, of: overdue.id)
        }
    }

    @Test func `what is silenced is not told until it is unsilenced`() throws {
        try withAgent(Self.stack) { agent in
            try agent.expectAllWell()
            let silenced = try agent.catalystctl("alerts", "silence", "one", "--for", "1h")
            #expect(silenced.status == 0, "\(silenced)")
            for name in ["one", "two"] as [ServiceName] { try Self.kill(name, agent) }
            let one = try agent.alert(about: "one")
            let two = try agent.alert(about: "two")
            try agent.expectTold(.fired, of: two.id)
            #expect(agent.told(of: one.id).isEmpty)
            agent.kill9()
            try agent.startAgain()
            try agent.expect("both are dead again") { status in
                status.services.allSatisfy { $0.restarts > 0 }
            }
            #expect(agent.told(of: one.id).isEmpty, "\(agent.program.errors)")
            #expect(agent.told(of: two.id).isEmpty, "it was told before")
            #expect(one.silence?.contains("silenced") == true, "\(one)")
            #expect(try agent.catalystctl("alerts", "unsilence", "one").status == 0)
            try agent.expectTold(.fired, of: one.id)

            let seen = try agent.catalystctl("alerts", "ack", "\(one.id)", "--reason", "on it")
            #expect(seen.status == 0, "\(seen)")
            #expect(try agent.alerts().first { $0.id == one.id }?.acknowledgedBy != nil)
            try agent.folder.write("", to: "one-lives")
            try agent.expectTold(.resolved, of: one.id)
            let gone = try agent.catalystctl("alerts", "ack", "\(one.id)")
            #expect(gone.status != 0 && gone.errors.contains("no open alert"), "\(gone)")
        }
    }

    @Test func `what an operator restarts or stops is no alert`() throws {
        let port = try freePort()
        let web = Piece.web("web", port: port, ["--slow-start", "1"])
        try withAgent(
            Piece.stack(web, Piece.sleeper("idle"))
                + Self.settings("service-down: {for: 0s}, service-unhealthy: {hold: 0s}")
        ) { agent in
            try agent.expectAllWell()
            #expect(try agent.catalystctl("restart", "web").status == 0)
            #expect(try agent.catalystctl("stop", "idle").status == 0)
            #expect(try agent.catalystctl("restart").status == 0)
            #expect(try agent.catalystctl("stop", "web").status == 0)
            #expect(try agent.catalystctl("start", "web").status == 0)
            try agent.expect("web", "is well") { $0.health == .healthy }
            let told = try agent.alerts(all: true).filter { $0.toldAt != nil }
            #expect(told.isEmpty, "\(told)\n\(agent.program.errors)")
            #expect(!agent.program.errors.contains(" fired: "))
        }
    }

    private static func settings(_ rules: String) -> String {
        "x-catalyst: {metrics: off, database: off, alerts: {rules: {\(rules)}}}\n"
    }

    /// Both die when told to, and come back when they may.
    private static func stack(_ folder: Folder) -> String {
        let services = ["one", "two"].map { name in
            Piece.shell(
                name,
                "while [ ! -e \(name)-dies -o -e \(name)-lives ]; do sleep 0.05; done; exit 1",
                more: """
                    working_dir: \(folder.path)
                    deploy: {restart_policy: {condition: any, max_attempts: 100}}
                    x-catalyst: {backoff: {initial: 2s, max: 2s, jitter: 0}}
                    """)
        }
        return Piece.stack(services[0], services[1])
            + settings("service-down: {for: 0s, hold: 1s}, service-crash-looping: {hold: 1s}")
    }

    private static func kill(_ name: ServiceName, _ agent: RunningAgent) throws {
        try agent.folder.write("", to: "\(name)-dies")
    }
}

private func withAgent(_ stack: (Folder) -> String, _ body: (RunningAgent) throws -> Void) throws {
    try withAgent(in: Folder(), { stack($0) }, body)
}
