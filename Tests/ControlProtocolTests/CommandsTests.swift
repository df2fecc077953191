import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

@testable import catalystctl

/// The commands about alerts, measures and history, as scripts see them.
struct CommandsTests {
    @Test func `alerts asks for what was said, and lists what comes`() throws {
        let (program, request) = try run(
            ["alerts", "--since", "2026-11-22T13:00:00Z", "redis"],
            answer: Sample.alerts.map { alert in reply { $0.alert = AlertReply(alert) } } + [.end()]
        )
        #expect(program.output.hasPrefix("open: 2 alerts, 1 critical; 1 pending\n"))
        #expect(program.output.contains("✗ #12 critical redis: killed by SIGKILL\n"))
        #expect(program.status == 0)
        #expect(request?.command == .alerts)
        #expect(request?.services == ["redis"])
        #expect(request?.since == Timestamp(rfc3339: "2026-11-22T13:00:00Z"))
        #expect(request?.all == nil)
        #expect(try run(["alerts", "--all"], answer: [.end()]).request?.all == true)
    }

    @Test func `no alert is no fault`() throws {
        let program = try run(["alerts"], answer: [.end()]).program
        #expect(program.output.hasPrefix("no alert is open\n"))
        #expect(program.status == 0)
    }

    @Test func `an alert is shown by its number, with its sign or without`() throws {
        for id in ["12", "#12"] {
            let (program, request) = try run(
                ["alerts", "show", id], answer: [reply { $0.alert = Sample.alertReply }, .end()])
            #expect(program.output.contains("last exit   was killed by SIGKILL\n"))
            #expect(request?.alert == 12)
            #expect(program.status == 0)
        }
        let unknown = try run(
            ["alerts", "show", "99"], answer: [.failure(.unknownAlert, "no alert 99")]
        ).program
        #expect(
            unknown.errors == """
                catalystctl: no alert 99

                """)
        #expect(unknown.status == 2)
    }

    @Test func `what is asked of alerts names the alert, the service or the thing`() throws {
        func asked(_ words: String...) throws -> ControlRequest {
            let (program, request) = try run(["alerts"] + words, answer: [.end("so it is")])
            #expect(program.output == "so it is\n")
            return try #require(request)
        }
        var expected = ControlRequest(.acknowledge)
        expected.alert = 12
        expected.reason = "seen"
        #expect(try asked("ack", "12", "--reason", "seen") == expected)
        expected = ControlRequest(.silence)
        expected.alert = 12
        expected.seconds = 7200
        #expect(try asked("silence", "12", "--for", "2h") == expected)
        expected = ControlRequest(.silence, services: ["news"])
        expected.seconds = 5400
        expected.reason = "provider"
        #expect(try asked("silence", "news", "--for", "1h30m", "--reason", "provider") == expected)
        expected.seconds = 0
        expected.reason = nil
        #expect(try asked("unsilence", "news") == expected)
        expected = ControlRequest(.silence)
        expected.subjects = ["@disk"]
        expected.seconds = 60
        #expect(try asked("silence", "@disk", "--for", "60") == expected)
        expected = ControlRequest(.testAlert, wait: true)
        #expect(try asked("test") == expected)
        expected.count = 1000
        expected.batch = "drill"
        expected.first = 1
        #expect(
            try asked("test", "--count", "1000", "--batch", "drill", "--first", "1") == expected)
    }

    @Test func `a misspelt part of alerts is answered with the one that was meant`() throws {
        let program = try run(
            ["alerts", "shwo"], answer: [.failure(.unknownService, "no service 'shwo'")]
        ).program
        #expect(program.errors.contains("or did you mean 'catalystctl alerts show'?"))
        #expect(program.status == 2)
    }

    @Test func `maintenance begins, is shown and ends`() throws {
        let (start, request) = try run(
            ["maintenance", "start", "--for", "30m", "--reason", "new disk"],
            answer: [reply { $0.maintenance = Sample.host.maintenance }, .end("begun")])
        #expect(start.output.hasSuffix(" maintenance end\n"))
        #expect(request?.command == .maintenanceStart)
        #expect(request?.seconds == 1800)
        #expect(request?.reason == "new disk")
        let quiet = reply { $0.status = Sample.trouble }
        #expect(
            try run(["maintenance"], answer: [quiet, .end()]).program.output
                .hasPrefix("no maintenance is under way\n"))
        var status = Sample.trouble
        status.host = Sample.host
        let json = try run(
            ["maintenance", "--json"], answer: [reply { $0.status = status }, .end()])
        let decoded = try JSONLines.decode(ControlReply.self, from: Array(json.program.output.utf8))
        #expect(decoded.maintenance == Sample.host.maintenance)
        #expect(
            try run(["maintenance", "end"], answer: [.end()]).request
                == ControlRequest(.maintenanceEnd))
    }

    @Test func `metrics are a table, a graph, JSON or CSV`() throws {
        let series = Sample.series("scanner", [.cpu: [0.1, 0.2]], highs: [.cpu: 0.5])
        let answer = [reply { $0.series = series }, .end()]
        let table = try run(["metrics", "scanner", "@disk"], answer: answer)
        #expect(table.program.output.hasPrefix("scanner, the last 1h: 2 minutes\n"))
        #expect(table.request?.subjects == ["scanner", "@disk"])
        #expect(table.request?.resolution == nil)
        #expect(table.request?.since != nil)
        let graph = try run(
            [
                "metrics", "scanner", "--metric", "cpu", "--resolution", "minute", "--since",
                "2026-11-22T13:00:00Z",
            ],
            answer: answer)
        #expect(graph.program.output.contains("┤"))
        #expect(graph.program.output.contains("now 20%, mean 15%, high 50%\n"))
        #expect(graph.request?.resolution == .minute)
        let csv = try run(["metrics", "--csv"], answer: answer).program
        #expect(
            csv.output == """
                time,subject,metric,unit,value,high
                2026-11-22T13:58:00.120Z,scanner,cpu,share,0.1,0.5
                2026-11-22T13:59:00.120Z,scanner,cpu,share,0.2,0.5

                """)
        let json = try run(["metrics", "--json"], answer: answer).program
        #expect(json.output == (try answer.map(text).joined()))
        #expect(
            try run(["metrics"], answer: answer).program.output.hasPrefix("scanner  cpu 20%\n"))
    }

    @Test func `history lists all, and one in detail`() throws {
        let answer = [reply { $0.history = Sample.history("scanner") }, .end()]
        #expect(
            try run(["history"], answer: answer).program.output.contains(
                "scanner  99.98%  99.20%  ·▁▂▄▅▇█"))
        let one = try run(["history", "scanner"], answer: answer)
        #expect(one.program.output.contains("2026-11-18  50.00%"))
        #expect(one.request?.services == ["scanner"])
        #expect(
            try run(["history"], answer: [.end()]).program.output == "there is no history yet\n")
    }

    @Test func `isolation lists all, one measure by measure, and exits with what is missing`()
        throws
    {
        let answer = [reply { $0.isolation = Sample.isolation }, .end()]
        let all = try run(["isolation"], answer: answer).program
        #expect(all.output.contains("news       2 of 4  user; not known: landlock\n"))
        #expect(all.status == 1)
        let one = try run(["isolation", "news"], answer: answer)
        #expect(
            one.program.output == """
                news (pid 4711): 2 of 4 in force

                ✗ user          is root
                                → give it a user of its own
                ✓ privileges    gets no more
                ✓ capabilities  none
                · tmp           everybody's, as 'private_tmp: false' says
                – landlock      nothing tells

                """)
        #expect(one.request?.services == ["news"])
        var report = Sample.isolation
        report.findings.removeFirst()
        let unknown = [reply { $0.isolation = report }, .end()]
        #expect(try run(["isolation"], answer: unknown).program.status == 5)
        report.findings.removeLast()
        let well = [reply { $0.isolation = report }, .end()]
        #expect(try run(["isolation"], answer: well).program.status == 0)
        report = IsolationReport(service: "news", pid: nil, findings: [])
        let down = [reply { $0.isolation = report }, .end()]
        #expect(
            try run(["isolation", "news"], answer: down).program.output
                == "news is not running: nothing to look at\n")
    }

    @Test func `top without a terminal prints once and ends`() throws {
        let program = try run(["top"], answer: [reply { $0.status = Sample.trouble }, .end()])
            .program
        #expect(program.output.contains("scanner        unhealthy"))
        #expect(!program.output.contains("\u{1B}"))
        #expect(program.status == 0)
    }

    @Test(arguments: [
        ["alerts", "show"], ["alerts", "show", "x"], ["alerts", "silence", "news"],
        ["alerts", "silence", "news", "--for", "0"], ["alerts", "silence", "@disc", "--for", "1h"],
        ["alerts", "test", "--count", "0"], ["alerts", "test", "--count", "10001"],
        ["alerts", "test", "--first", "3"], ["maintenance", "start"], ["maintenance", "strat"],
        ["metrics", "@nothing"], ["metrics", "--metric", "cup"], ["metrics", "--csv", "--json"],
        ["metrics", "--resolution", "day"], ["top", "--interval", "0"], ["alert"],
    ])
    func `a wrong command line is 2, and nothing is asked`(arguments: [String]) throws {
        let agent = try TinyAgent("")
        defer { agent.stop() }
        let program = try Program(
            arguments, environment: ["CATALYST_SOCKET=\(agent.path)"])
        #expect(program.status == 2)
        #expect(program.output == "")
        #expect(!program.errors.isEmpty)
        #expect(agent.requests == [])
    }

    @Test func `what was meant is named`() throws {
        #expect(try Program(["alert"]).errors.contains("did you mean 'alerts'?"))
        #expect(
            try Program(["metrics", "--metric", "cup"]).errors.contains("did you mean 'cpu'?"))
        #expect(try Program(["metrics", "@disc"]).errors.contains("did you mean '@disk'?"))
    }

    @Test(arguments: [
        "alerts", "alerts show", "alerts ack", "alerts silence", "alerts unsilence", "alerts test",
        "maintenance", "maintenance start", "maintenance end", "metrics", "history", "top",
        "isolation",
    ])
    func `every command has help with examples in 80 columns`(command: String) throws {
        let program = try Program(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(program.output.contains("EXAMPLES\n  catalystctl \(command)"))
        #expect(program.status == 0)
        #expect(
            program.output.split(separator: "\n").filter { $0.count > 80 }.map(String.init) == [])
    }

    @Test func `escape sequences in what the agent says never reach the output`() throws {
        let hostile = "\u{1B}]0;owned\u{7}\u{1B}[2J\r\n\u{9B}31m\u{202E}"
        var alert = Sample.alertReply
        alert.alert.summary = hostile
        alert.alert.acknowledgedBy = hostile
        alert.alert.silence = hostile
        alert.alert.blocked = [ServiceName(hostile)]
        alert.alert.evidence.lines = [Sample.log("redis", hostile)]
        alert.alert.evidence.changes = [Sample.event(ServiceName(hostile), hostile)]
        alert.alert.evidence.suggestions = [hostile]
        alert.alert.evidence.exit = .notStarted(hostile)
        alert.alert.evidence.lastReport?.body = hostile
        alert.events[0].message = hostile
        var status = Sample.trouble
        status.stack = hostile
        status.services[0].statusText = hostile
        status.host = Sample.host
        status.host.alerts = [alert.alert]
        status.host.limitations = [hostile]
        status.host.outbox?.problem = hostile
        status.host.maintenance?.reason = hostile
        var history = Sample.history("a")
        history.service = ServiceName(hostile)
        var isolation = Sample.isolation
        isolation.service = ServiceName(hostile)
        isolation.findings[0].words = hostile
        isolation.findings[0].remedy = hostile
        let answer = [
            reply {
                $0.isolation = isolation
                $0.alert = alert
                $0.status = status
                $0.history = history
                $0.series = Sample.series(.service(ServiceName(hostile)), [.cpu: [1]])
            }, .end(hostile),
        ]
        for command in [
            "alerts", "alerts show 12", "alerts ack 12", "status", "top", "maintenance", "history",
            "history a", "isolation", "isolation a", "metrics", "metrics a",
            "metrics a --metric cpu", "metrics a --csv",
        ] {
            let output = try run(
                command.split(separator: " ").map(String.init), answer: answer
            ).program.output
            let acting = output.unicodeScalars.filter {
                $0 != "\n"
                    && ($0.properties.generalCategory == .control
                        || $0.properties.generalCategory == .format)
            }
            #expect(acting.isEmpty, "\(command)")
            #expect(!output.isEmpty, "\(command)")
        }
    }
}
