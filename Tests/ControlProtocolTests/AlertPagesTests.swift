import ControlProtocol
import StackModel
import Testing

@testable import catalystctl

struct AlertPagesTests {
    private let now = clock(0)
    private let begin = clock(180)

    @Test func `open alerts come first, the worst on top, with who suffers from them`() {
        #expect(
            list(Sample.alerts) == """
                open: 2 alerts, 1 critical; 1 pending

                ✗ #12 critical redis: killed by SIGKILL
                    service-down, since \(begin) (3m)
                    blocks trading, pattern, technical

                ! #13 warning the disk: 91% full
                    disk-high, since \(begin) (3m)
                    acknowledged by root: new disk is ordered
                    not told: maintenance

                ! #14 warning the host: cpu 97%
                    cpu-high, true since \(begin) (3m), not for long enough to fire

                ✓ #9 critical the front door: no answer from 443
                    front-door, from \(begin) to \(clock(60)) (2m)

                next: catalystctl alerts show 12
                """)
    }

    @Test func `nothing open is one calm sentence`() {
        #expect(list([]) == "no alert is open\n\nnext: catalystctl alerts --since 24h")
        #expect(list([], isPast: true) == "no alert is open")
    }

    @Test func `an alert shows its evidence, its life and what to do`() {
        let page = AlertPage(reply: Sample.alertReply, program: "catalystctl", now: Sample.time)
        #expect(
            text(page.lines(on: Terminal())) == """
                #12 critical redis: killed by SIGKILL
                service-down, since \(begin) (3m)

                blocks      trading, pattern, technical
                last exit   was killed by SIGKILL
                last probe  no answer in time (10.0s)
                it said     {}

                measures
                  cpu     42%
                  memory  38.0 MiB

                last lines it wrote
                  \(now)  Out of memory

                what changed lately
                  \(now)  catalyst       root asked: reload

                its life
                  \(now)  fired         redis: killed by SIGKILL
                  \(now)  reminded      redis: still down after 4 h

                what to do
                  catalystctl why redis
                  catalystctl alerts ack 12
                """)
    }

    @Test(arguments: [200, 80, 60, 40, 25])
    func `no line is wider than the terminal`(width: Int) {
        var reply = Sample.alertReply
        reply.alert.summary = String(repeating: "漢字 ", count: 50)
        reply.alert.blocked = Sample.nine
        reply.events[0].message = String(repeating: "word ", count: 50)
        reply.alert.evidence.changes[0].message = String(repeating: "x", count: 500)
        reply.alert.evidence.lines[0].text = String(repeating: "y", count: 500)
        let terminal = Terminal(width: width, isTerminal: true)
        let program = "catalystctl --socket /run/user/1000/catalyst/control.sock"
        let page = AlertPage(reply: reply, program: program, now: Sample.time)
        let list = AlertsPage(alerts: [reply.alert], program: program, now: Sample.time)
        let lines = page.lines(on: terminal).dropLast(3) + list.lines(on: terminal).dropLast()
        // Columns of 20 cells are the narrowest that are of use.
        #expect(lines.filter { $0.cellCount > max(width, 46) } == [])
    }

    @Test func `maintenance says how long it goes on, or that it is overdue`() {
        var maintenance = Maintenance(
            since: Sample.earlier(600), until: Sample.earlier(-720), reason: "new disk")
        func page(_ maintenance: Maintenance?) -> String {
            text(
                MaintenancePage(maintenance: maintenance, program: "catalystctl", now: Sample.time)
                    .lines(on: Terminal()))
        }
        #expect(
            page(maintenance) == """
                maintenance until \(clock(-720)) (12m left): new disk
                since \(clock(600)), alerts are kept and not told

                next: catalystctl maintenance end
                """)
        maintenance.until = Sample.earlier(60)
        #expect(
            page(maintenance) == """
                maintenance should have ended at \(clock(60)): new disk

                next: catalystctl maintenance end
                """)
        #expect(
            page(nil)
                == "no maintenance is under way\n\nnext: catalystctl maintenance start --for 30m")
    }

    private func list(_ alerts: [Alert], isPast: Bool = false) -> String {
        text(
            AlertsPage(alerts: alerts, program: "catalystctl", now: Sample.time, isPast: isPast)
                .lines(on: Terminal()))
    }

    private func text(_ lines: [String]) -> String { lines.joined(separator: "\n") }
}

/// So many seconds before the time of all samples, where these tests run.
func clock(_ seconds: Double) -> String { Sample.earlier(seconds).local(now: Sample.time) }
