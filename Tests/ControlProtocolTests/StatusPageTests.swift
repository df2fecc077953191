import ControlProtocol
import StackModel
import Testing

@testable import catalystctl

struct StatusPageTests {
    @Test func `what is wrong and what to type stand below the table`() {
        #expect(
            page(Sample.trouble) == """
                catalyst: 7 of 9 healthy, 1 unhealthy, 1 held

                service        state  health     since   pid  restarts  port    memory   cpu
                redis          up     healthy       3m  4711         0  5001  38.0M/1G  0.3%
                news           up     healthy       3m  4711         0  5001  38.0M/1G  0.3%
                orchestration  up     healthy       3m  4711         0  5001  38.0M/1G  0.3%
                scanner        up     unhealthy     3m  4711         2  5001  38.0M/1G  0.3%
                pattern        up     healthy       3m  4711         0  5001  38.0M/1G  0.3%
                technical      up     healthy       3m  4711         0  5001  38.0M/1G  0.3%
                risk-manager   up     healthy       3m  4711         0  5001  38.0M/1G  0.3%
                trading        held   –             3m     –         0  5001         –     –
                reporting      up     healthy       3m  4711         0  5001  38.0M/1G  0.3%

                ✗ scanner  unhealthy: no answer in time (3 probes); restarting in 2s
                · trading  held: waits for scanner

                next: catalystctl why scanner
                """)
    }

    @Test func `all well is said in the first line, and nothing below the table`() {
        let lines = StatusPage(
            status: Sample.status(Sample.nine.map { Sample.service($0) }), program: "x"
        )
        .lines(on: Terminal())
        #expect(lines.first == "catalyst: 9 of 9 healthy")
        #expect(lines.count == 12)
    }

    @Test func `a stack that nobody wants up is down, and that is no fault`() {
        var service = Sample.service("redis", .down, .unknown)
        service.wanted = false
        let lines = page(Sample.status([service])).split(separator: "\n")
        #expect(lines.first == "catalyst: down")
        #expect(lines.last == "next: catalystctl up")
    }

    @Test func `a stack on its way down says so`() {
        var service = Sample.service("redis", .stopping)
        service.wanted = false
        #expect(page(Sample.status([service])).hasPrefix("catalyst: going down, 1 stopping\n"))
    }

    @Test func `a stopped service does not spoil the others`() {
        var stopped = Sample.service("news", .down, .unknown)
        stopped.wanted = false
        let status = Sample.status([Sample.service("redis"), stopped])
        #expect(page(status).hasPrefix("catalyst: 1 of 1 healthy, 1 stopped\n"))
        #expect(status.isWell)
    }

    @Test(arguments: [200, 80, 79, 60, 40, 25, 12, 5])
    func `no line is wider than the terminal, and names stay`(width: Int) {
        var status = Sample.trouble
        status.notes = [
            "the stack file '/etc/catalyst/stack.yaml' was refused, the running one goes on"
        ]
        status.services[0].problem = String(repeating: "漢字 ", count: 50)
        status.services[0].health = .degraded
        let lines = StatusPage(
            status: status, program: "catalystctl --socket /run/user/1000/catalyst/control.sock"
        )
        .lines(on: Terminal(width: width))
        let tooWide = lines.filter {
            $0.cellCount > max(width, "next: catalystctl why scanner".count)
        }
        #expect(tooWide == [])
        if width >= 25 { #expect(lines.contains { $0.hasPrefix("orchestration") }) }
    }

    @Test func `a narrow terminal loses what matters least, and health last`() {
        var status = Sample.trouble
        status.services[0].availability = Sample.availability
        func header(_ width: Int) -> String {
            let lines = StatusPage(status: status, program: "x").lines(on: Terminal(width: width))
            return lines[2].split(separator: " ").joined(separator: " ")
        }
        #expect(header(92) == "service state health since pid restarts port memory cpu 24h 30d")
        #expect(header(84) == "service state health since pid restarts port memory cpu 24h")
        #expect(header(80) == "service state health since restarts port memory cpu 24h")
        #expect(header(73) == "service state health since restarts port memory 24h")
        #expect(header(40) == "service state health since")
        #expect(header(22) == "service state")
    }

    @Test func `without any availability yet there are no columns for it`() {
        let header = page(Sample.trouble).split(separator: "\n")[1]
        #expect(header.hasSuffix("cpu"))
    }

    @Test func `maintenance, host, alerts and what is limited surround the table`() {
        var status = Sample.status([Sample.service("redis"), Sample.service("news")])
        status.services[0].availability = Sample.availability
        status.host = Sample.host
        #expect(
            page(status) == """
                catalyst: 2 of 2 healthy
                maintenance until \(clock(-720)) (12m left): new disk
                host: cpu 12%, memory 41%, disk 93%, load 0.42, pressure cpu 3.0% io 1.2%
                2 alerts, 1 critical: #12 critical redis: killed by SIGKILL; #13 warning the di…

                service  state  health   since   pid  restarts  port    memory   cpu     24h
                redis    up     healthy     3m  4711         0  5001  38.0M/1G  0.3%  99.98%
                news     up     healthy     3m  4711         0  5001  38.0M/1G  0.3%       –

                note: 1234 records wait for the database: connection refused
                note: 5 records for the database were thrown away
                limited: no memory controller: memory is what /proc says

                next: catalystctl alerts show 12
                """)
    }

    @Test func `what several suffer from is told before one of them`() {
        var status = Sample.trouble
        status.host.alerts = Sample.alerts
        #expect(page(status).hasSuffix("next: catalystctl alerts show 12"))
        status.host.alerts = [Sample.alert(7, .serviceDown, "scanner", .critical, "gone")]
        #expect(page(status).hasSuffix("next: catalystctl why scanner"))
        status = Sample.status([Sample.service("redis")])
        status.host.alerts = [Sample.alert(7, .logFlood, "redis", .warning, "5,000 lines a second")]
        #expect(
            page(status).contains(
                "\n1 alert: #7 warning redis: 5,000 lines a second\n"))
        #expect(page(status).hasSuffix("next: catalystctl alerts"))
        status.host.alerts = [Sample.alerts[1]]
        #expect(!page(status).contains("alert"))
    }

    @Test func `text from outside cannot break the table or steer the terminal`() {
        var service = Sample.service("redis", .up, .unhealthy)
        service.problem = "one\ntwo\u{1B}[2J\u{202E}"
        let text = page(Sample.status([service], notes: ["note\r\u{9B}31m"]))
        #expect(text.contains(#"✗ redis  unhealthy: one\ntwo\x1b[2J\u{202e}"#))
        #expect(text.contains(#"note: note\r\x9b31m"#))
    }

    @Test func `a thousand services fit, their troubles are counted`() {
        let services = (0..<1000).map {
            Sample.service(ServiceName("service-\($0)"), .failed, .unknown)
        }
        let lines = StatusPage(status: Sample.status(services), program: "catalystctl").lines(
            on: Terminal())
        #expect(lines.count == 1 + 2 + 1000 + 1 + 20 + 1 + 2)
        #expect(lines[lines.count - 3] == "… and 980 more: catalystctl health")
    }

    @Test func `a low terminal shows what is wrong and leaves out what is well`() {
        let page = StatusPage(status: Sample.trouble, program: "catalystctl")
        let lines = page.lines(on: Terminal(), heightMax: 13)
        #expect(lines.count == 13)
        #expect(
            lines[3...6].map { $0.prefix { $0 != " " } } == ["redis", "news", "scanner", "trading"])
        #expect(lines[7] == "… and 5 more")
        #expect(lines.last == "next: catalystctl why scanner")
        #expect(page.lines(on: Terminal(), heightMax: 3).last == "next: catalystctl why scanner")
        #expect(page.lines(on: Terminal(), heightMax: 17).count == 17)
    }

    @Test func `colour is only for terminals that want it`() {
        let plain = StatusPage(status: Sample.trouble, program: "x").lines(on: Terminal())
        let colored = StatusPage(status: Sample.trouble, program: "x")
            .lines(on: Terminal(isTerminal: true, hasColor: true))
        #expect(!plain.joined().contains("\u{1B}"))
        #expect(colored.joined().contains("\u{1B}[31munhealthy\u{1B}[0m"))
        #expect(colored.map(stripped) == plain)
    }

    @Test func `what needs the operator comes before what only needs time`() {
        let services = [
            Sample.service("a", .starting, .unknown), Sample.service("b", .held, .unknown),
            Sample.service("c", .up, .blocked), Sample.service("d", .up, .degraded),
            Sample.service("e", .waiting, .unknown), Sample.service("f", .up, .unhealthy),
            Sample.service("g", .failed, .unknown),
        ]
        let names = Sample.status(services).concerns.map(\.service.name.text)
        #expect(names == ["g", "f", "e", "d", "c", "b", "a"])
    }

    private func page(_ status: StackStatus) -> String {
        StatusPage(status: status, program: "catalystctl").lines(on: Terminal()).joined(
            separator: "\n")
    }

    private func stripped(_ line: String) -> String {
        line.replacing(#/\u{1B}\[[0-9]+m/#, with: "")
    }
}
