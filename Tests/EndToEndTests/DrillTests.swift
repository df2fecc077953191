import ControlProtocol
import Glibc
import StackModel
import Testing

/// Faults that an operator has injected, to see that they are caught.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct DrillTests {
    @Test func `a crash and a hang are caught, and the report says so`() throws {
        let port = try freePort()
        try withAgent(
            Piece.stack(
                Piece.web("news", port: port),
                Piece.sleeper("reader", more: "depends_on: [news]")) + Self.quiet
        ) { agent in
            try agent.expectAllWell()
            try Self.beginMaintenance(agent)
            for fault in ["crash", "hang"] {
                let first = try agent.pid(of: "news")
                let outcome = try agent.catalystctl("drill", fault, "news", "--yes")
                #expect(outcome.status == 0, "\(outcome)")
                #expect(outcome.output.contains("passed: recovered within its bound"), "\(outcome)")
                #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
                #expect(try agent.pid(of: "news") != first)
                #expect(holds { !isAlive(first) }, "what was stopped is gone")
                let report = try #require(
                    try agent.events(of: "news").last { $0.kind == .drill })
                #expect(report.message == "drill: \(fault) passed: recovered within its bound")
                try agent.expectAllWell()
            }
            let begun = try agent.events(of: "news").filter { $0.kind == .drill }
            #expect(begun.count == 4)
            #expect(begun[0].message.contains("asked by "), "\(begun)")
        }
    }

    @Test func `a service that does not come back fails the drill`() throws {
        let folder = try Folder()
        let script =
            "[ -e \(folder.path)/once ] && exit 1; : > \(folder.path)/once; exec sleep 9999"
        let rules = """
            deploy: {restart_policy: {condition: any, max_attempts: 2, window: 60s}}
            x-catalyst: {backoff: {initial: 50ms, max: 50ms}, retry_failed_every: 1h}
            """
        let stack = Piece.stack(Piece.shell("news", script, more: rules)) + Self.quiet
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expect("news", "is up") { $0.state == .up }
            try Self.beginMaintenance(agent)
            let outcome = try agent.catalystctl("drill", "crash", "news", "--yes")
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.output.contains("failed: "), "\(outcome)")
            #expect(try agent.service("news").state != .up)
        }
    }

    @Test func `what the agent before had stopped goes on, or is replaced`() throws {
        let port = try freePort()
        let slow = "interval: 60s, timeout: 60s, retries: 3, start_interval: 50ms"
        let web = Piece.web("news", port: port, rules: slow)
        try withAgent(Piece.stack(web) + Self.quiet) { agent in
            try agent.expectAllWell()
            try Self.beginMaintenance(agent)
            let first = try agent.pid(of: "news")
            let asking = try agent.connect()
            #expect(asking.send(#"{"command":"drill","fault":"hang","services":["news"]}"# + "\n"))
            #expect(holds { Self.isStopped(first) })
            agent.kill9()
            try agent.startAgain()
            #expect(holds { !Self.isStopped(first) })
            let told = try agent.event(.drill, of: "news") { $0.message.contains("no verdict") }
            #expect(told.priority == .warning)
            #expect(try agent.pid(of: "news") == first)
        }
    }

    @Test func `the agent's own death is drilled, and the next agent says how it went`() throws {
        let folder = try Folder()
        let manager = try Datagrams("\(folder.path)/notify")
        let stack = Piece.stack(Piece.sleeper("news"), Piece.sleeper("reader")) + Self.quiet
        try withAgent(
            in: folder, environment: ["NOTIFY_SOCKET=\(folder.path)/notify"], { _ in stack }
        ) { agent in
            try agent.expectAllWell()
            let lonely = try agent.catalystctl("drill", "agent", "--yes")
            #expect(lonely.errors.contains("maintenance start --for"), "\(lonely)")
            try Self.beginMaintenance(agent)
            #expect(try agent.catalystctl("drill", "agent", "news").errors.contains("drill agent"))
            let pids = try agent.status().services.map(\.pid)

            let passed = try Self.drillDeath(of: agent) {}
            #expect(passed.status == 0, "\(passed)")
            #expect(passed.output.contains("all run on as the same processes"), "\(passed)")
            #expect(try agent.status().services.map(\.pid) == pids)

            let failed = try Self.drillDeath(of: agent) { kill(pids[0] ?? 0, SIGKILL) }
            #expect(failed.status == 1, "\(failed)")
            #expect(failed.output.contains("failed: 'news' did not run on"), "\(failed)")
            let told = try agent.events().filter { $0.kind == .drill }.map(\.message)
            #expect(told.count == 4 && told[1].contains("agent passed"), "\(told)")
            #expect(manager.heard.contains { $0.hasPrefix("READY=1") })
        }
    }

    /// `meanwhile`: before the next agent is started.
    private static func drillDeath(of agent: RunningAgent, meanwhile: () -> Void) throws -> Outcome
    {
        let asking = try Program(
            [
                Program.folder + "/catalystctl", "--socket", agent.socketPath, "drill", "agent",
                "--yes",
            ],
            in: agent.folder)
        guard agent.program.exitCode(within: patience) != nil else {
            throw Failure("the agent lives on\n\(asking.errors)")
        }
        meanwhile()
        try agent.startAgain()
        guard let code = asking.exitCode(within: patience) else {
            throw Failure("nobody reports\n\(asking.output)\(asking.errors)")
        }
        return Outcome(status: code, output: asking.output, errors: asking.errors)
    }

    @Test func `a drill is refused with the cause and the way out`() throws {
        let stack =
            Piece.stack(
                Piece.sleeper("news", more: "restart: always"), Piece.sleeper("once"))
            + Self.quiet
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            func expectRefusal(
                _ fault: String, _ name: String, _ flags: String..., containing cause: String
            ) throws {
                let pid = try agent.pid(of: "news")
                let outcome =
                    flags.isEmpty
                    ? try agent.catalystctl("drill", fault, name)
                    : try agent.catalystctl("drill", fault, name, flags[0])
                #expect(outcome.status != 0 && outcome.errors.contains(cause), "\(outcome)")
                #expect(try agent.pid(of: "news") == pid)
            }
            try expectRefusal("crash", "news", "--yes", containing: "maintenance start --for")
            try expectRefusal("crash", "nws", "--yes", containing: "did you mean 'news'")
            try Self.beginMaintenance(agent)
            try expectRefusal("hang", "news", "--yes", containing: "give it a healthcheck")
            try expectRefusal("crash", "once", "--yes", containing: "would stay down")
            try expectRefusal("crash", "news", containing: "nobody can be asked")
            #expect(try agent.catalystctl("drill", "crash", "news", "--plan").status == 0)
            #expect(try agent.catalystctl("stop", "news").status == 0)
            let stopped = try agent.catalystctl("drill", "crash", "news", "--yes")
            #expect(stopped.errors.contains("catalystctl start news"), "\(stopped)")
            #expect(try agent.events().allSatisfy { $0.kind != .drill })
        }
    }

    private static let quiet = "x-catalyst: {metrics: off, database: off}\n"

    private static func beginMaintenance(_ agent: RunningAgent) throws {
        let begun = try agent.catalystctl("maintenance", "start", "--for", "1h")
        #expect(begun.status == 0, "\(begun)")
    }

    private static func isStopped(_ pid: pid_t) -> Bool {
        contents(of: "/proc/\(pid)/stat")?.contains(") T ") == true
    }
}
