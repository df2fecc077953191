import ControlProtocol
import StackModel
import Testing

@testable import catalystctl

struct RolloutPagesTests {
    @Test func `a plan tells order, reason, way, time, and what stands against it`() {
        let page = PlanPage(plan: Sample.plan, program: "catalystctl", command: "deploy v5.4.0")
        #expect(
            text(page.lines(on: Terminal())) == """
                deploy of 20261122T135000Z-3f2a91c, version 5.4.0: 4 services
                from      /srv/app
                revision  3f2a91c0de
                before    20261120T090000Z-11c0ffe
                takes     about 4m 10s, 2 steps guessed

                in this order
                  1. reporting  source; hand-over, no canary: it listens on an IPv6 address
                  2. news       definition: command, environment.FEED; stop-first, no canary: it
                                does not take a socket
                  3. scanner    source; canary
                  4. new        new; canary

                stays as it is
                  redis, orchestration

                changes in the stack itself
                  alerts.on_alert

                against it
                  ! the freeze window 'Mon-Fri 09:30-16:00 America/New_York' is open

                next: catalystctl deploy v5.4.0
                """)
        let narrow = page.lines(on: Terminal(width: 40))
        #expect(narrow.allSatisfy { $0.cellCount <= 40 })
    }

    @Test func `a plan without work says how there would be some`() {
        var plan = RolloutPlan(kind: .deploy, steps: [])
        plan.unchanged = ["news"]
        let page = PlanPage(plan: plan, program: "catalystctl", command: "deploy .")
        #expect(
            text(page.lines(on: Terminal())) == """
                deploy: there is nothing to do

                stays as it is
                  news

                next: catalystctl deploy . --all
                """)
    }

    @Test func `a rollout's page goes from how it stands over its steps to why and what next`() {
        let page = RolloutPage(
            rollout: Sample.rolledBack, program: "catalystctl", now: Sample.time)
        #expect(
            text(page.lines(on: Terminal())) == """
                rollout 12: deploy of 20261122T135000Z-3f2a91c: failed, 0 of 3 done
                scanner failed; all is back on 20261120T090000Z-11c0ffe

                release   20261122T135000Z-3f2a91c
                before    20261120T090000Z-11c0ffe
                asked by  root
                reason    feed fix
                began     \(Sample.earlier(70).local(now: Sample.time))
                took      1m 4s

                service    phase        time  how
                reporting  rolled back   58s  canary
                scanner    rolled back   28s  canary
                news       not reached     –  stop-first

                problems
                  scanner: exited with code 3 while starting

                failed      scanner
                because     exited with code 3 while starting
                last probe  connection refused (2ms)
                it said     {}
                probably    a Python module is missing: does the build install it?
                undone      reporting, scanner: as before

                last lines it wrote
                  \(Sample.time.local(now: Sample.time))  ModuleNotFoundError: No module named 'numpy'

                what to do
                  catalystctl logs scanner
                  catalystctl why scanner
                """)
        let narrow = page.lines(on: Terminal(width: 40, isTerminal: true))
        #expect(narrow.allSatisfy { $0.cellCount <= 40 })
    }

    @Test func `evidence is bounded: the end of the lines, the beginning of the answer`() {
        var failure = RolloutFailure(service: nil, reason: "the build failed")
        failure.lines = (0..<100).map { Sample.log("news", "line \($0)") }
        failure.lastReport = Report(
            .failed(.httpStatus(500)), body: String(repeating: "x", count: 4096))
        let lines = FailurePage(failure: failure, now: Sample.time).lines(on: Terminal())
        #expect(lines.first == "failed      before any service was touched")
        #expect(lines.count { $0.contains("line ") } == 20)
        #expect(lines.last?.hasSuffix("line 99") == true)
        #expect(lines.joined().count { $0 == "x" } < 400)
    }

    @Test(arguments: [
        (Rollout.State.running, ["rollouts show 12 --follow", "rollouts cancel 12"]),
        (.paused, ["rollouts resume 12", "rollouts cancel 12"]), (.succeeded, []),
    ])
    func `what can be done depends on how it stands`(state: Rollout.State, commands: [String]) {
        var rollout = Sample.rolling
        rollout.state = state
        let lines = RolloutPage(rollout: rollout, program: "c", now: Sample.time)
            .lines(on: Terminal())
        #expect(lines.filter { $0.hasPrefix("  c ") } == commands.map { "  c \($0)" })
    }

    @Test func `rollouts and releases are tables that name what to type next`() {
        let rollouts = RolloutsPage(
            rollouts: [Sample.rolling, Sample.rolledBack], program: "catalystctl",
            now: Sample.time)
        let clock = Sample.earlier(70).local(now: Sample.time)
        #expect(
            text(rollouts.lines(on: Terminal())) == """
                id  when      what    release                   state       took  by
                12  \(clock)  deploy  20261122T135000Z-3f2a91c  under way      –  root
                12  \(clock)  deploy  20261122T135000Z-3f2a91c  failed     1m 4s  root

                next: catalystctl rollouts show 12 --follow
                """)
        let releases = ReleasesPage(
            releases: [
                ReleaseReply(Sample.release, isCurrent: true, services: ["scanner", "news"]),
                ReleaseReply(Sample.release, isCurrent: false, services: []),
            ], program: "catalystctl", now: Sample.time)
        #expect(
            text(releases.lines(on: Terminal())) == """
                release                   version  made     from      used by
                20261122T135000Z-3f2a91c  5.4.0    10m ago  /srv/app  current, 2 services
                20261122T135000Z-3f2a91c  5.4.0    10m ago  /srv/app  –

                next: catalystctl rollback --plan
                """)
    }

    @Test func `where nothing is yet, the page says how there will be something`() {
        let rollouts = RolloutsPage(rollouts: [], program: "c", now: Sample.time)
        let releases = ReleasesPage(releases: [], program: "c", now: Sample.time)
        #expect(rollouts.lines(on: Terminal()).last == "next: c deploy --plan")
        #expect(releases.lines(on: Terminal()).last == "next: c deploy --plan")
    }

    @Test func `the status has a line for the rollout under way`() {
        var status = Sample.status([Sample.service("news")])
        status.host.rollout = Sample.rolling
        let lines = StatusPage(status: status, program: "catalystctl").lines(on: Terminal())
        #expect(
            lines[1]
                == "rollout 12: deploy of 20261122T135000Z-3f2a91c: scanner soaking, 1 of 3 done")
        #expect(lines.last == "next: catalystctl rollouts show 12 --follow")
    }

    @Test func `a span is told in its two largest units`() {
        #expect(
            [0.4, 42, 60, 250, 3600, 3905, 90_000].map { humanSpan(.seconds($0)) } == [
                "0s", "42s", "1m", "4m 10s", "1h", "1h 5m", "1d 1h",
            ])
        #expect(humanSpan(.seconds(-5)) == "0s")
    }

    private func text(_ lines: [String]) -> String { lines.joined(separator: "\n") }
}

/// What is new in a rollout, and the table that is redrawn.
struct RolloutProgressTests {
    @Test func `each change of a step is told once`() {
        var progress = RolloutProgress()
        func news(_ rollout: Rollout) -> [String] {
            progress.receive(rollout, now: Sample.time).map {
                "\($0.service?.text ?? "–") \($0.message)"
            }
        }
        #expect(
            news(Sample.rollout([], .preparing)) == [
                "– rollout 12: deploy of 20261122T135000Z-3f2a91c: preparing"
            ])
        #expect(
            news(Sample.rolling) == [
                "– rollout 12: deploy of 20261122T135000Z-3f2a91c: under way", "reporting done",
                "scanner soaking",
            ])
        #expect(news(Sample.rolling) == [])
        var held = Sample.rolling
        held.steps[2].phase = .held
        held.steps[2].problem = "not now: a trade is open"
        #expect(news(held) == ["news held: not now: a trade is open"])
        // How it ended is told by the answer's last line.
        #expect(
            news(Sample.rolledBack) == [
                "reporting rolled back",
                "scanner rolled back: exited with code 3 while starting", "news not reached",
            ])
    }

    @Test func `the table tells for how long a service is in its phase`() {
        var progress = RolloutProgress()
        _ = progress.receive(Sample.rollout([]), now: Sample.earlier(60))
        _ = progress.receive(Sample.rolling, now: Sample.earlier(4))
        #expect(
            progress.lines(on: Terminal(), now: Sample.time) == [
                "", "rollout 12: deploy of 20261122T135000Z-3f2a91c: 1 of 3 done, 1m 10s",
                "service    phase       time  how", "reporting  done         24s  canary",
                "scanner    soaking 4s   38s  canary", "news       waiting        –  stop-first",
                "",
            ])
        // Who comes later does not know since when.
        var late = RolloutProgress()
        _ = late.receive(Sample.rolling, now: Sample.earlier(4))
        #expect(
            late.lines(on: Terminal(), now: Sample.time)[4] == "scanner    soaking   38s  canary")
    }

    @Test func `a low terminal shows the steps around the one under way`() {
        let steps = (0..<50).map {
            Sample.step(ServiceName("s\($0)"), $0 < 20 ? .done : $0 == 20 ? .probing : .waiting)
        }
        var progress = RolloutProgress()
        _ = progress.receive(Sample.rollout(steps), now: Sample.time)
        let lines = progress.lines(on: Terminal(height: 11), now: Sample.time)
        #expect(
            lines.dropFirst(3).map { $0.prefix(3) } == ["s19", "s20", "s21", "s22", "s23", "… a"])
        #expect(lines.last == "… and 45 more")
    }

    @Test func `events that the records tell are not told twice`() {
        var progress = RolloutProgress()
        var rolling = Sample.event("scanner", "soaks")
        rolling.kind = .rolling
        let started = Sample.event("scanner", "started")
        let crashed = Sample.event("scanner", "exited", .error)
        let file = Terminal()
        let screen = Terminal(isTerminal: true)
        #expect(progress.wants(rolling, on: file))
        #expect(progress.wants(started, on: screen))
        _ = progress.receive(Sample.rolling, now: Sample.time)
        #expect(!progress.wants(rolling, on: file))
        #expect(progress.wants(started, on: file))
        #expect(!progress.wants(started, on: screen))
        #expect(progress.wants(crashed, on: screen))
    }
}
