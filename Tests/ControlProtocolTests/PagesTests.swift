import ControlProtocol
import StackModel
import Testing

@testable import catalystctl

struct PagesTests {
    @Test func `why goes from what is over the cause to what to do`() {
        let page = WhyPage(
            explanation: Sample.explanation, program: "catalystctl --socket /s", now: Sample.time)
        let text = page.lines(on: Terminal()).joined(separator: "\n")
        let clock = Sample.time.local(now: Sample.time)
        #expect(
            text == """
                scanner was killed and is about to restart

                cause
                  trading waits for scanner
                  └ scanner gave no answer in time

                state          waiting for 3m, unhealthy, pid 4711, restarted once
                last probe     no answer in time (10.0s, 3s ago)
                it said        {}
                last exit      was killed by SIGKILL
                next try       in 2s
                its own words  loading

                last events
                  \(clock)  exited with code 1

                last lines it wrote
                  \(clock)  Traceback (most recent call last):

                what to do
                  catalystctl --socket /s logs scanner
                """)
    }

    @Test func `why names the alert and tells how available it was`() {
        var explanation = Sample.explanation
        explanation.service.availability = Sample.availability
        explanation.service.blockedBy = ["@postgres"]
        explanation.alert = Sample.alert(12, .databaseAway, "@postgres", .critical, "refused")
        let lines = WhyPage(explanation: explanation, program: "catalystctl", now: Sample.time)
            .lines(on: Terminal())
        #expect(lines.contains("alert          #12 critical the database: refused"))
        #expect(lines.contains("availability   99.98% in 24 h, 99.20% in 30 d"))
        #expect(lines.last == "  catalystctl alerts show 12")
    }

    @Test func `health says in one line a service what it knows`() {
        var quiet = Sample.service("quiet", .up, .unknown)
        quiet.hasHealthCheck = false
        var stopped = Sample.service("off", .down, .unknown)
        stopped.wanted = false
        let page = HealthPage(
            status: Sample.status([Sample.trouble.services[3], quiet, stopped, Sample.service("a")])
        )
        #expect(
            page.lines(on: Terminal()) == [
                "✗ scanner  unhealthy: no answer in time (3 probes); restarting in 2s",
                "✓ quiet    up (has no health check)",
                "– off      stopped",
                "✓ a        healthy, answered in 12ms",
            ])
    }

    @Test func `limits give their reasons`() {
        let page = LimitsPage(limits: [
            Limit("inbox", "4096", "what nine services can say at once, and a thousand more")
        ])
        #expect(
            page.lines(on: Terminal(width: 40)) == [
                "inbox  4096", "    what nine services can say at once,", "    and a thousand more",
            ])
    }

    @Test func `events stand in columns that grow with what comes`() {
        var lines = EventLines(terminal: Terminal(), names: ["news"])
        let clock = Sample.time.local(now: Sample.time)
        #expect(lines.line(Sample.event("news", "up"), now: Sample.time) == "\(clock)  news  up")
        #expect(
            lines.line(Sample.event(nil, "ready"), now: Sample.time) == "\(clock)  catalyst  ready")
        #expect(
            lines.line(Sample.event("news", "up"), now: Sample.time) == "\(clock)  news      up")
    }

    @Test func `log lines are as written in a file and harmless on a terminal`() {
        let record = Sample.log("news", "\u{1B}[32mINFO\u{1B}[0m\tready")
        var file = LogLines(terminal: Terminal(), names: ["news"])
        var screen = LogLines(terminal: Terminal(isTerminal: true), names: ["news"])
        #expect(file.line(record).hasSuffix(" news | \u{1B}[32mINFO\u{1B}[0m\tready"))
        #expect(screen.line(record).hasSuffix(" news | \\x1b[32mINFO\\x1b[0m\tready"))
    }

    @Test func `durations are told in the largest unit that fits`() {
        #expect(
            [0, 42, 180, 7200, 345_600].map { humanDuration(.seconds($0)) } == [
                "0s", "42s", "3m", "2h", "4d",
            ])
        #expect(humanDuration(.seconds(-5)) == "0s")
        #expect(humanWait(.milliseconds(1200)) == "2s")
        #expect(humanWait(.seconds(-1)) == "0s")
        #expect(
            [.microseconds(420), .milliseconds(12), .milliseconds(1234)].map(humanLatency) == [
                "0.4ms", "12ms", "1.2s",
            ])
    }
}
