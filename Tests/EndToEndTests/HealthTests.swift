import ControlProtocol
import Glibc
import StackModel
import Testing

/// Services that run and are not well.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct HealthTests {
    @Test func `a hang is found and replaced within its bound, and dependents wait`() throws {
        let ports = try (0..<2).map { _ in try freePort() }
        let rules = "interval: 1s, timeout: 500ms, retries: 3, start_period: 20s"
        let bound = Duration.milliseconds(3500)
        let stack = Piece.stack(
            Piece.web("scanner", port: ports[0], rules: rules),
            Piece.web(
                "trading", port: ports[1], rules: rules,
                more: "depends_on: {scanner: {condition: service_healthy}}"))
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            let dependent = try agent.pid(of: "trading")
            let last = try agent.lastEventID()
            try http("POST", port: ports[0], "/fault/hang")
            let hung = Timestamp.now()
            let started = try agent.event(.started, of: "scanner", after: last)
            #expect(started.time - hung <= bound * 1.1)
            let unhealthy = try agent.event(.unhealthy, of: "scanner", after: last)
            #expect(unhealthy.message == "unhealthy: no answer in time (3 probes in a row)")
            try agent.expectAllWell()
            let trading = try agent.service("trading")
            #expect(trading.pid == dependent)
            #expect(trading.restarts == 0)
        }
    }

    @Test func `what depends on an unwell service is not started, nor blamed`() throws {
        let port = try freePort()
        let stack = Piece.stack(
            Piece.web(
                "scanner", port: port, ["--unhealthy-after", "0"],
                more: "x-catalyst: {on_unhealthy: alert}"),
            Piece.shell(
                "trading", "exec sleep 1000",
                more: """
                    depends_on: {scanner: {condition: service_started}}
                    healthcheck: {test: [CMD, 'false'], interval: 100ms, retries: 1, timeout: 1s}
                    """),
            Piece.sleeper("reporting", more: "depends_on: {scanner: {condition: service_healthy}}"))
        try withAgent(stack.replacing("start_period: 20s", with: "start_period: 0s")) { agent in
            try agent.expect("scanner", "is unhealthy") { $0.health == .unhealthy }
            try agent.expect("trading", "is blocked") {
                $0.health == .blocked && $0.blockedBy == ["scanner"]
            }
            #expect(try agent.service("reporting").state == .held)
            #expect(try agent.service("reporting").blockedBy == ["scanner"])
            #expect(
                try agent.status().services.allSatisfy { $0.restarts == 0 },
                "alert only, and blocked")
            let why = try agent.catalystctl("why", "reporting").output
            #expect(why.contains("scanner"))
            #expect(why.contains("why scanner"))
        }
    }

    @Test func `an unhealthy service is replaced, and one with 'on_unhealthy: alert' is not`()
        throws
    {
        let ports = try (0..<2).map { _ in try freePort() }
        let stack = Piece.stack(
            Piece.web("news", port: ports[0]),
            Piece.web("pattern", port: ports[1], more: "x-catalyst: {on_unhealthy: alert}"))
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            let pattern = try agent.pid(of: "pattern")
            for port in ports { try http("POST", port: port, "/fault/unhealthy") }
            try agent.event(.unhealthy, of: "pattern")
            let event = try agent.event(.unhealthy, of: "news")
            #expect(
                event.message.contains("HTTP status 503")
                    || event.message.contains("says its status is 'unhealthy'"))
            try agent.expect("news", "is replaced") { $0.restarts == 1 && $0.health == .healthy }
            #expect(try agent.pid(of: "pattern") == pattern)
            #expect(try agent.service("pattern").health == .unhealthy)
            try http("POST", port: ports[1], "/fault/clear")
            try agent.expectAllWell()
            #expect(try agent.pid(of: "pattern") == pattern)
        }
    }

    @Test(arguments: [
        ("not-json", "unhealthy"), ("wrong-service", "another service answered"),
        ("wrong-schema", "runs schema 'v4.0'"),
        ("stale", "its timestamp is"), ("http-500", "HTTP status 500"),
        ("redirect", "HTTP status 307"),
    ])
    func `a bad body has its reason`(kind: String, words: String) throws {
        let port = try freePort()
        let more =
            "x-catalyst: {on_unhealthy: alert, contract: {service: news, schema: v5.0 normalized, freshness: 60s}}"
        try withAgent(Piece.stack(Piece.web("news", port: port, more: more))) { agent in
            try agent.expectAllWell()
            try http("POST", port: port, "/fault/wrong-body?kind=\(kind)")
            // A body that is no JSON says nothing of its own: the status 200 counts.
            if kind == "not-json" { return }
            let event = try agent.event(.unhealthy, of: "news")
            #expect(event.message.contains(words), "\(event.message)")
        }
    }

    @Test func `the collector is restarted at once, and verdicts stay`() throws {
        let port = try freePort()
        try withAgent(Piece.stack(Piece.web("news", port: port))) { agent in
            try agent.expectAllWell()
            let collector = try #require(agent.collector)
            if geteuid() == 0 {
                #expect(user(of: collector) != 0, "it asks the world, so it has no rights")
            }
            kill(collector, SIGKILL)
            let lost = try agent.event(.collectorLost)
            let ready = try agent.event(.collectorReady, after: lost.id)
            #expect(ready.time - lost.time < .seconds(3))
            let service = try agent.service("news")
            #expect(service.health == .healthy)
            #expect(service.restarts == 0)
            let last = try agent.lastEventID()
            try http("POST", port: port, "/fault/unhealthy")
            try agent.event(.unhealthy, of: "news", after: last)
        }
    }

    @Test func `a collector that hangs is replaced, and nothing is restarted for it`()
        throws
    {
        let port = try freePort()
        try withAgent(Piece.stack(Piece.web("news", port: port))) { agent in
            try agent.expectAllWell()
            let collector = try #require(agent.collector)
            kill(collector, SIGSTOP)
            try agent.event(.unknown, of: "news")
            let lost = try agent.event(.collectorLost)
            #expect(lost.message.contains("hangs"), "\(lost)")
            try agent.event(.collectorReady, after: lost.id)
            try agent.expectAllWell()
            #expect(agent.collector != collector)
            #expect(try agent.service("news").restarts == 0)
        }
    }
}

extension RunningAgent {
    var collector: pid_t? {
        ProcessEntry.all().first { entry in
            entry.parent == pid
                && contents(of: "/proc/\(entry.pid)/cmdline")?.contains("catalyst-collector")
                    == true
        }?.pid
    }
}

func user(of pid: pid_t) -> uid_t? {
    var status = stat()
    return stat("/proc/\(pid)", &status) == 0 ? status.st_uid : nil
}

extension Timestamp {
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
