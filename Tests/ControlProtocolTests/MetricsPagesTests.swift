import ControlProtocol
import StackModel
import Testing

@testable import catalystctl

struct MetricsPagesTests {
    @Test func `a table has the newest value, the mean and the high`() {
        #expect(
            page([
                Sample.series(
                    "scanner",
                    [
                        .cpu: [0.01, 0.02, 0.03], .memory: [1e7, 2e7, 3e7], .restarts: [1, 0, 2],
                        .latencyP99: [0.04, 0.02, 0.03],
                    ], highs: [.cpu: 0.5])
            ]) == """
                scanner, the last 1h: 3 minutes
                metric            now      mean      high  what it is
                cpu              3.0%      2.0%       50%  CPU used, as a share of one core
                memory       28.6 MiB  19.1 MiB  28.6 MiB  memory in use
                restarts            2  3 in all         2  restarts
                latency-p99      30ms      30ms      40ms  99th percentile of the time of a pro…

                next: catalystctl metrics scanner --metric cpu
                """)
    }

    @Test func `without arguments every subject has one line`() {
        let series = [
            Sample.series("scanner", [.cpu: [0.01], .memory: [4e7], .wanted: [60]]),
            Sample.series("@host", [.hostCPU: [0.12], .load1: [0.42]]),
            Sample.series("@postgres", [.postgresQuery: [0.004], .postgresSize: [2e9]]),
            Sample.series("news", [:]),
        ]
        #expect(
            text(of(series).overview(on: Terminal())) == """
                scanner    cpu 1.0%  memory 38.1 MiB
                @host      cpu 12%  load1 0.42
                @postgres  query 4ms  size 1.9 GiB

                next: catalystctl metrics scanner
                """)
    }

    @Test func `nothing measured is said, with what to type`() {
        #expect(
            page([Sample.series("news", [:])], metrics: [.cpu]) == """
                nothing was measured since \(clock(3600)): no cpu

                next: catalystctl metrics
                """)
    }

    @Test func `a graph has its scale on the left and times below, and shows gaps`() {
        let rise = (0..<60).map { Double($0) / 100 }
        var series = Sample.series("scanner", [.cpu: rise])
        series.points.removeSubrange(20..<30)
        let lines = of([series], metrics: [.cpu]).lines(on: Terminal(width: 60, height: 12))
        for time in [clock(3600), clock(1800), clock(0)] {
            #expect(lines[lines.count - 2].contains(time.dropLast(3)))
        }
        #expect(
            text(lines.filter { $0 != lines[lines.count - 2] }) == """
                scanner: CPU used, as a share of one core
                100% ┤
                     │
                 50% ┤⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢀⣀⣀⣀⣀⣤⣤⣤⣤⣴⣶⣶⣶⣶⣿⣿
                     │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⣤⣤⣴⣶⣶⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
                   0 ┤⣀⣀⣀⣀⣀⣀⣀⣤⣤⣤⣤⣴⣶⣶⣶⣶⣿⣿⠀⠀⠀⠀⠀⠀⠀⠀⠀⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
                     └──────────────────────────────────────────────────────
                now 59%, mean 31%, high 59%
                """)
    }

    @Test(arguments: [(80, 24), (200, 50), (40, 10), (20, 5), (5, 2)])
    func `a graph never leaves its screen`(width: Int, height: Int) {
        let values = (0..<300).map { Double($0 * 7919 % 1000) * 1e6 }
        let lines = of([Sample.series("scanner", [.memory: values])], metrics: [.memory])
            .lines(on: Terminal(width: width, height: height))
        #expect(lines.allSatisfy { $0.cellCount <= max(width, 30) })
        #expect(lines.count <= max(height, 7))
    }

    @Test func `more graphs than fit become lines`() {
        let series = ["redis", "news", "scanner", "trading"].map {
            Sample.series(Subject($0) ?? "redis", [.cpu: [0.1, 0.2, 0.9, 0.1]])
        }
        #expect(
            page(series, metrics: [.cpu]) == """
                redis cpu                                  ▂██  now 10%, mean 33%, high 90%
                news cpu                                   ▂██  now 10%, mean 33%, high 90%
                scanner cpu                                ▂██  now 10%, mean 33%, high 90%
                trading cpu                                ▂██  now 10%, mean 33%, high 90%
                """)
    }

    @Test func `CSV has a line for each value, in base units`() {
        let csv = CSV(metrics: [])
        #expect(CSV.header == "time,subject,metric,unit,value,high")
        #expect(
            csv.lines(
                Sample.series(
                    "@disk", [.diskUsed: [0.5], .diskAvailable: [1e9]], highs: [.diskUsed: 0.6]))
                == [
                    "2026-11-22T13:59:00.120Z,@disk,disk-used,share,0.5,0.6",
                    "2026-11-22T13:59:00.120Z,@disk,disk-available,bytes,1000000000.0,",
                ])
        let odd = Sample.series(.service(ServiceName("a,\"b\"\n")), [.cpu: [1]])
        #expect(csv.lines(odd) == [#"2026-11-22T13:59:00.120Z,"a,""b""\n",cpu,share,1.0,"#])
        #expect(CSV(metrics: [.memory]).lines(odd) == [])
    }

    @Test func `history has a bar for each day`() {
        let histories = [Sample.history("scanner"), Sample.history("risk-manager")]
        let page = HistoryPage(
            histories: histories, program: "catalystctl", isDetailed: false)
        #expect(
            text(page.lines(on: Terminal())) == """
                service          24h     30d  days     restarts  alerts
                scanner       99.98%  99.20%  ·▁▂▄▅▇█         3       1
                risk-manager  99.98%  99.20%  ·▁▂▄▅▇█         3       1

                a bar for each of 7 days: full is 100%, · is a day without data

                next: catalystctl history scanner
                """)
    }

    @Test func `one service's history has a line for each day`() {
        let page = HistoryPage(
            histories: [Sample.history("scanner")], program: "catalystctl", isDetailed: true)
        #expect(
            text(page.lines(on: Terminal())) == """
                scanner: 99.98% in 24 h, 99.20% in 30 d

                day (UTC)     well  of     restarts  alerts
                2026-11-16       –   –  ·         0       0
                2026-11-17   0.00%  1d  ▁         0       0
                2026-11-18  50.00%  1d  ▂         3       1
                2026-11-19  92.00%  1d  ▄         0       0
                2026-11-20  98.50%  1d  ▅         0       0
                2026-11-21  99.95%  1d  ▇         0       0
                2026-11-22    100%  1d  █         0       0

                next: catalystctl events --since 7d scanner
                """)
    }

    @Test(arguments: [80, 60, 45])
    func `no table is wider than the terminal`(width: Int) {
        let terminal = Terminal(width: width)
        let series = [
            Sample.series("risk-manager", [.cpu: [0.1], .memory: [4e7], .latencyP99: [0.1]]),
            Sample.series("@host", [.networkReceived: [1e9], .diskWritten: [1e9], .load1: [0.1]]),
        ]
        let histories = Sample.nine.map { Sample.history($0) }
        let history = HistoryPage(histories: histories, program: "x", isDetailed: false)
        let one = HistoryPage(histories: [histories[0]], program: "x", isDetailed: true)
        let lines =
            of(series).lines(on: terminal) + of(series).overview(on: terminal)
            + history.lines(on: terminal) + one.lines(on: terminal)
        #expect(lines.filter { $0.cellCount > max(width, 52) } == [])
        #expect(lines.filter { $0.cellCount > width && !$0.hasPrefix("next: ") } == [])
    }

    @Test func `quantities are told in units for people`() {
        #expect(
            [0, 512, 39_845_888, 1.5e12].map(humanBytes) == ["0 B", "512 B", "38.0 MiB", "1.4 TiB"])
        #expect(
            [1, 0.99999, 0.9998, 0.5, 0].map(availabilityText) == [
                "100%", "99.99%", "99.98%", "50.00%", "0.00%",
            ])
        #expect([3, 0.42, 12.34, 1234.5].map(humanCount) == ["3", "0.42", "12.3", "1235"])
        #expect(Metric.Unit.seconds.human(0.012) == "12ms")
        #expect(Metric.Unit.seconds.human(7200) == "2h")
        #expect(Metric.Unit.share.human(0.123) == "12%")
        #expect(Metric.Unit.bytesPerSecond.human(2048) == "2.0 KiB/s")
        for unit in [Metric.Unit.bytes, .seconds, .share, .count, .days, .bytesPerSecond] {
            for value in [Double.nan, .infinity, -.infinity] { #expect(unit.human(value) == "–") }
            for value in [1e300, -1e300, -1] { #expect(!unit.human(value).isEmpty) }
        }
    }

    private func of(_ series: [Series], metrics: [Metric] = []) -> MetricsPage {
        MetricsPage(
            series: series, metrics: metrics, program: "catalystctl", from: Sample.earlier(3600),
            now: Sample.time)
    }

    private func page(
        _ series: [Series], metrics: [Metric] = [], _ terminal: Terminal = Terminal()
    ) -> String {
        text(of(series, metrics: metrics).lines(on: terminal))
    }

    private func text(_ lines: [String]) -> String { lines.joined(separator: "\n") }
}
