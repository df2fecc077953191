import ControlProtocol
import Glibc
import StackModel
import Testing

/// What is measured, and what the agent remembers of its past.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct MeasureTests {
    @Test func `metrics are there for people, for scripts and for a scraper`() throws {
        let port = try freePort()
        let web = try freePort()
        let stack =
            Piece.stack(Piece.web("web", port: web), Piece.sleeper("idle"))
            + "x-catalyst: {metrics: '127.0.0.1:\(port)', database: off}\n"
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            try agent.expect("'/metrics' is served, and the services are measured") { status in
                status.host.metrics == "127.0.0.1:\(port)"
                    && status.services.allSatisfy { $0.memory != nil }
            }
            let page = try http("GET", port: port, "/metrics")
            #expect(page.hasPrefix("HTTP/1.1 200 "), "\(page.prefix(200))")
            #expect(page.contains("\ncatalyst_service_up{service=\"web\"} 1\n"), "\(page)")
            for name in ["web", "idle"] {
                #expect(page.contains("catalyst_service_memory_bytes{service=\"\(name)\"} "))
            }
            #expect(try http("POST", port: port, "/metrics").hasPrefix("HTTP/1.1 405 "))
            #expect(try http("GET", port: port, "/").hasPrefix("HTTP/1.1 404 "))

            let overview = try agent.catalystctl("metrics").output
            #expect(overview.contains("web") && overview.contains("@host"), "\(overview)")
            let table = try agent.catalystctl("metrics", "web", "--since", "5m", "--csv").output
            #expect(table.contains(",web,memory,bytes,"), "\(table)")
            let unknown = try agent.catalystctl("metrics", "wbe")
            #expect(unknown.status != 0 && unknown.errors.contains("wbe"), "\(unknown)")
            let history = try agent.catalystctl("history")
            #expect(history.status == 0 && history.output.contains("idle"), "\(history)")

            // A scraper that asks while the agent is stopped is not kept for ever, and nobody after it.
            kill(agent.pid, SIGSTOP)
            let late = try http("GET", port: port, "/metrics")
            kill(agent.pid, SIGCONT)
            #expect(late.hasPrefix("HTTP/1.1 503 "), "\(late.prefix(200))")
            #expect(try http("GET", port: port, "/metrics").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `availability counts what the agent saw, over its own death`() throws {
        let stack =
            Piece.stack(Piece.sleeper("good"), Piece.shell("bad", "exit 1"))
            + "x-catalyst: {metrics: off, database: off}\n"
        try withAgent(stack) { agent in
            try agent.expect("bad", "is down") { $0.state == .down }
            try agent.expect("good", "is up") { $0.state == .up }
            try agent.expect("a second passes") { status in
                status.services.allSatisfy { status.time - $0.since > .seconds(1) }
            }
            // An orderly end writes what was measured of the minute.
            try agent.stop()
            try agent.startAgain()
            try agent.expect("both are known") { status in
                status.services.allSatisfy { $0.availability.day != nil }
            }
            let good = try #require(try agent.service("good").availability.day)
            let bad = try #require(try agent.service("bad").availability.day)
            #expect(good.share > 0.9, "\(good)")
            #expect(bad.share < 0.5, "\(bad)")
            let history = try agent.catalystctl("history", "good").output
            #expect(history.contains("%"), "\(history)")
        }
    }

    @Test func `events and alerts of an earlier agent are there for the next one`() throws {
        let stack =
            Piece.stack(Piece.shell("one", "sleep 0.3; exit 5"), Piece.sleeper("two"))
            + "x-catalyst: {metrics: off, database: off, alerts: {rules: {service-down: {for: 0s, hold: 0s}}}}\n"
        try withAgent(stack) { agent in
            let alert = try agent.alert(about: "one")
            let exit = try agent.event(.exited, of: "one")
            try agent.expectTold(.fired, of: alert.id)
            #expect(try agent.catalystctl("stop", "one").status == 0)
            agent.kill9()

            try agent.startAgain()
            try agent.expectAllWell()
            let events = try agent.events(of: "one")
            #expect(events.contains(exit), "\(events)")
            #expect(events.map(\.id) == events.map(\.id).sorted())
            #expect(Set(events.map(\.id)).count == events.count)
            let output = try agent.catalystctl("events", "--since", "10m", "one").output
            #expect(output.contains("exited with code 5"), "\(output)")
            let later = try agent.ask(ControlRequest(.events, since: .now())).compactMap(\.event)
            #expect(!later.contains(exit))
            let shown = try agent.catalystctl("alerts", "show", "\(alert.id)")
            #expect(shown.status == 0 && shown.output.contains("service-down"), "\(shown)")
            // It was stopped by the operator: the trouble is over.
            try agent.expectResolved(alert.id)
        }
    }
}
