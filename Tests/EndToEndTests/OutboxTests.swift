import ControlProtocol
import Glibc
import StackModel
import Testing

/// What the ledger remembers reaches the database, whatever happens in between.
@Suite(
    .ownThread, .timeLimit(.minutes(20)),
    .enabled(if: Database.programs != nil, "PostgreSQL's server is not installed"))
struct OutboxTests {
    @Test func `what happened while the database was away arrives once and in order`() throws {
        let database = try Database()
        try database.migrate()
        try withAgent(Self.stack(database)) { agent in
            try agent.expectAllWell()
            try Self.expectCarried(agent)
            database.stop()
            for number in 0..<5 {
                #expect(try Self.test(agent, count: 20, first: number * 20).status == 0)
                // Asked for twice is raised once.
                #expect(try Self.test(agent, count: 20, first: number * 20).status == 0)
                if number == 2 {
                    agent.kill9()
                    try agent.startAgain()
                    try agent.expectAllWell()
                }
            }
            #expect(try agent.catalystctl("restart", "one").status == 0)
            try agent.expect("the outbox waits") { ($0.host.outbox?.waiting ?? 0) >= 100 }
            try database.start()
            try agent.expect("all is carried") {
                $0.host.outbox?.waiting == 0 && $0.host.outbox?.problem == nil
            }
            let numbers = try database.value(
                "SELECT split_part(message, ' ', 3) FROM ops.alert_events WHERE rule = 'test' ORDER BY arrival"
            )
            #expect(numbers.split(separator: "\n").compactMap { Int($0) } == Array(0..<100))
            let asked = "kind = 'asked' AND message LIKE '%restart one'"
            #expect(
                try database.value("SELECT count(*) FROM ops.service_events WHERE \(asked)") == "1")
            let starts = try agent.events(of: "one").filter { $0.kind == .started }.count
            let kept = "service = 'one' AND kind = 'started'"
            let count = try database.value("SELECT count(*) FROM ops.service_events WHERE \(kept)")
            #expect(count == "\(starts)")
            // The rest of a minute is a sample as well, written by the orderly end.
            try agent.stop()
            try agent.startAgain()
            let hasSamples = try holds {
                try database.value("SELECT count(*) FROM ops.samples WHERE subject = 'one'") != "0"
            }
            #expect(hasSamples)
            #expect(try database.value("SELECT count(*) FROM ops.hosts") == "1")
        }
    }

    @Test func `a database without the schema is told once, and migrating mends it`() throws {
        let database = try Database()
        try withAgent(Self.stack(database)) { agent in
            try agent.expect("status says so") { status in
                status.host.outbox?.problem?.contains("catalystctl db migrate") == true
            }
            let status = try agent.catalystctl("status").output
            #expect(status.contains("db migrate"), "\(status)")
            #expect(try Self.test(agent, count: 3, first: 0).status == 0)
            try database.migrate()
            try agent.expect("all is carried") {
                $0.host.outbox?.waiting == 0 && $0.host.outbox?.problem == nil
            }
            let count = "SELECT count(*) FROM ops.alert_events WHERE rule = 'test'"
            #expect(try database.value(count) == "3")
            let complaints = try agent.events().filter {
                $0.kind == .outbox && $0.priority == .warning
            }
            #expect(complaints.count == 1, "\(complaints)")
        }
    }

    @Test func `a database that goes away in the middle of a storm has each alert once`() throws {
        let database = try Database()
        try database.migrate()
        try withAgent(Self.stack(database)) { agent in
            try agent.expectAllWell()
            for number in 0..<6 {
                #expect(try Self.test(agent, count: 500, first: number * 500).status == 0)
                if number % 2 == 0 {
                    database.stop()
                    try database.start()
                }
            }
            // What waits is counted now and then.
            let count = "SELECT count(*) FROM ops.alert_events WHERE rule = 'test'"
            #expect(try holds { try database.value(count) == "3000" })
            let numbers = try database.value(
                "SELECT split_part(message, ' ', 3) FROM ops.alert_events WHERE rule = 'test' ORDER BY arrival"
            )
            #expect(numbers.split(separator: "\n").compactMap { Int($0) } == Array(0..<3000))
        }
    }

    @Test func `a database that hangs holds nobody up, is told, and gets all when it goes on`()
        throws
    {
        let database = try Database()
        try database.migrate()
        try withAgent(Self.stack(database)) { agent in
            try agent.expectAllWell()
            try Self.expectCarried(agent)
            let one = try agent.pid(of: "one")
            database.signal(SIGSTOP)
            #expect(try Self.test(agent, count: 20, first: 0).status == 0)
            let away = try agent.alert(about: "@postgres")
            #expect(away.rule == .databaseAway)
            #expect(try agent.catalystctl("status").output.contains("one"))
            #expect(try agent.pid(of: "one") == one)
            #expect(try agent.catalystctl("restart", "one").status == 0)

            database.signal(SIGCONT)
            try agent.expectResolved(away.id)
            try agent.expect("all is carried", within: .seconds(120)) {
                $0.host.outbox?.waiting == 0 && $0.host.outbox?.problem == nil
            }
            let numbers = try database.value(
                "SELECT split_part(message, ' ', 3) FROM ops.alert_events WHERE rule = 'test' ORDER BY arrival"
            )
            #expect(numbers.split(separator: "\n").compactMap { Int($0) } == Array(0..<20))
        }
    }

    @Test func `what a service says reaches the database, whatever it is; the password nobody`()
        throws
    {
        let database = try Database()
        try database.migrate()
        let script =
            #"printf '\033[2J a\000b \377 \\u0000 \342\200\256 \n'; printf '%9000s\n' x; exit 3"#
        let stack = """
            \(Piece.stack(Piece.shell("one", script)))
            x-catalyst:
              metrics: off
              database: "\(database.url.replacing("catalyst@", with: "catalyst:swordfish-9@"))"
              alerts: {rules: {service-down: {for: 0s}, outbox-filling: off}}

            """
        try withAgent(stack) { agent in
            let alert = try agent.alert(about: "one")
            let isThere = try holds {
                try database.value("SELECT count(*) FROM ops.alerts WHERE subject = 'one'") == "1"
            }
            #expect(isThere, "\(agent.story())")
            let exit = "alert #>> '{evidence,exit}'"
            let kept = try database.value(
                "SELECT \(exit) FROM ops.alert_events WHERE subject = 'one' AND kind = 'fired'")
            #expect(kept.contains("3"), "\(kept)")
            let shown = try agent.catalystctl("alerts", "show", "\(alert.id)").output
            #expect(!shown.contains("\u{1b}") && !shown.contains("\u{202e}"), "\(shown)")
            database.stop()
            let away = try agent.alert(about: "@postgres")
            let texts = try [
                agent.catalystctl("status", "--json").output, agent.program.errors,
                agent.catalystctl("alerts", "show", "\(away.id)", "--json").output,
                agent.catalystctl("events", "--json").output,
                agent.catalystctl("config", "show").output,
            ]
            for text in texts { #expect(!text.contains("swordfish"), "\(text)") }
        }
    }

    @Test(.enabled(if: isInstalled("python3"), "python3 is not installed"))
    func `the outage script passes`() throws {
        let script = "\(#filePath)".replacing("/OutboxTests.swift", with: "/../../scripts/outage")
        let outcome = try run(
            [python, script, "--alerts", "2000", "--kills", "3", "--programs", Program.folder],
            in: Folder(), within: .seconds(150))
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.contains("the database holds exactly 2,000, in order, none twice"))
    }

    private static func stack(_ database: Database) -> String {
        Piece.stack(Piece.sleeper("one")) + """
            x-catalyst:
              metrics: off
              database: "\(database.url)"
              alerts: {rules: {outbox-filling: off}}

            """
    }

    private static func test(_ agent: RunningAgent, count: Int, first: Int) throws -> Outcome {
        try agent.catalystctl(
            "alerts", "test", "--batch", "drill", "--count", "\(count)", "--first", "\(first)")
    }

    private static func expectCarried(_ agent: RunningAgent) throws {
        try agent.expect("the database takes records") { $0.host.outbox?.lastShipped != nil }
    }
}

extension Database {
    /// As an operator does it.
    fileprivate func migrate() throws {
        // A checkout may be reached through links: '..' is the kernel's to follow.
        let sql = "\(#filePath)".replacing("/OutboxTests.swift", with: "/../../sql")
        let outcome = try run(
            [Program.folder + "/catalystctl", "db", "migrate", "--sql", sql], in: Folder(),
            environment: ["DATABASE_URL=\(url)"])
        guard outcome.status == 0 else { throw Failure("db migrate: \(outcome)") }
    }
}
