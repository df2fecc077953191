internal import Glibc
internal import StackModel
internal import Testing

@testable internal import CatalystAgent

private func alert(
    _ rule: AlertRule, _ subject: Subject, _ severity: Severity = .critical,
    _ state: Alert.State = .firing
) -> Alert {
    Alert(
        id: 1, rule: rule, subject: subject, severity: severity, state: state,
        since: Timestamp(nanoseconds: 0), summary: "")
}

private var small: MetricsPage.Facts {
    var facts = MetricsPage.Facts(version: "0.3.0")
    facts.services = [
        .init(name: "scanner", isUp: true, verdict: .healthy, state: "up", restarts: 2),
        .init(name: "news", isUp: false, verdict: .unknown, state: "held", restarts: 0),
    ]
    facts.readings = [
        .service("scanner"): [.memory: 15_000_000, .cpu: 0.25, .restarts: 1, .latencyP99: 0.0012],
        .service("redis"): [.redisMemory: 1024, .redisEvictions: 1.5],
        .thing(.disk): [.diskUsed: 0.5], .thing(.host): [.hostCPU: .nan, .pressureIO: 0.125],
        .thing(.certificate): [.certificateDaysLeft: 9], .thing(.agent): [.outboxWaiting: 7],
    ]
    facts.alerts = [
        alert(.serviceDown, .service("news")), alert(.test, .thing(.agent), .warning),
        alert(.test, .thing(.agent), .warning), alert(.diskHigh, .thing(.disk), .warning, .pending),
        alert(.cpuHigh, .thing(.host), .warning, .resolved),
    ]
    facts.outbox = .init(
        waiting: 12, dropped: 3, lastShipped: Timestamp(nanoseconds: 1_500_000_000))
    return facts
}

@Test func `a page is what Prometheus reads`() {
    let samples = MetricsPage.text(of: small).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
        samples.joined(separator: "\n") == """
            catalyst_agent_info{version="0.3.0"} 1
            catalyst_outbox_waiting_records 12
            catalyst_outbox_dropped_records_total 3
            catalyst_outbox_last_shipped_timestamp_seconds 1.5
            catalyst_service_up{service="news"} 0
            catalyst_service_up{service="scanner"} 1
            catalyst_service_health{service="news",verdict="unknown"} 1
            catalyst_service_health{service="scanner",verdict="healthy"} 1
            catalyst_service_state{service="news",state="held"} 1
            catalyst_service_state{service="scanner",state="up"} 1
            catalyst_service_restarts_total{service="news"} 0
            catalyst_service_restarts_total{service="scanner"} 2
            catalyst_certificate_left_seconds 777600
            catalyst_disk_used_ratio 0.5
            catalyst_host_pressure_io_ratio 0.125
            catalyst_redis_evicted_keys_per_second{service="redis"} 1.5
            catalyst_redis_memory_bytes{service="redis"} 1024
            catalyst_service_cpu_ratio{service="scanner"} 0.25
            catalyst_service_memory_bytes{service="scanner"} 15000000
            catalyst_service_probe_latency_p99_seconds{service="scanner"} 0.0012
            catalyst_alerts{rule="disk-high",subject="@disk",severity="warning",state="pending"} 1
            catalyst_alerts{rule="service-down",subject="news",severity="critical",state="firing"} 1
            catalyst_alerts{rule="test",subject="@agent",severity="warning",state="firing"} 2
            """)
}

/// Every metric of every subject, at values of every kind, with names that need care.
private var everything: MetricsPage.Facts {
    var facts = small
    facts.version = "0.3 \"beta\\\n"
    let values = [0, 1, 1e-9, 0.1, 123_456_789.25, 1e300, -5, .infinity, .nan]
    for (index, thing) in Subject.Thing.allCases.enumerated() {
        facts.readings[.thing(thing)] = Dictionary(
            uniqueKeysWithValues: Metric.allCases.map {
                ($0, values[(Int($0.rawValue) + index) % values.count])
            })
    }
    for name in ["scanner", "a-b.c_d", "\"\\\n", "späher"] {
        facts.readings[.service(ServiceName(name))] = Dictionary(
            uniqueKeysWithValues: Metric.allCases.map { ($0, Double($0.rawValue)) })
    }
    return facts
}

@Test func `a page keeps to the format's grammar`() throws {
    let text = MetricsPage.text(of: everything)
    #expect(text.hasSuffix("\n"))
    var families: Set<Substring> = []
    var series: Set<Substring> = []
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()[...]
    while let help = lines.popFirst() {
        let head = try #require(help.wholeMatch(of: /# HELP (catalyst_[a-z0-9_]+) \S.*/), "\(help)")
        let name = head.1
        #expect(families.insert(name).inserted, "\(name) is not in one piece")
        let next = lines.popFirst()
        let type = try #require(next)
        #expect(type.wholeMatch(of: /# TYPE ([a-z0-9_]+) (gauge|counter)/)?.1 == name)
        #expect(name.hasSuffix("_total") == type.hasSuffix(" counter"))
        let count = lines.prefix { !$0.hasPrefix("#") }.count
        #expect(count > 0, "\(name) has no samples")
        for line in lines.prefix(count) {
            let sample = try #require(
                line.wholeMatch(
                    of: /([a-z0-9_]+)((?:\{(?:[a-z_]+="(?:[^"\\]|\\[\\"n])*",?)+\})?) (\S+)/),
                "\(line)")
            #expect(sample.1 == name)
            #expect(series.insert(sample.1 + sample.2).inserted, "\(line) twice")
            #expect(try #require(Double(sample.3)).isFinite)
        }
        lines = lines.dropFirst(count)
    }
    #expect(families.count > 50)
    #expect(MetricsPage.text(of: everything) == text)
}

@Test func `nothing known is a page too`() {
    let text = MetricsPage.text(of: MetricsPage.Facts(version: "1"))
    #expect(
        text == """
            # HELP catalyst_agent_info the agent's version
            # TYPE catalyst_agent_info gauge
            catalyst_agent_info{version="1"} 1

            """)
}

@Test(.enabled(if: system("command -v promtool >/dev/null") == 0, "promtool is not installed"))
func `promtool has nothing to complain of`() throws {
    for facts in [small, everything, MetricsPage.Facts(version: "1")] {
        let pipe = try #require(popen("promtool check metrics >/dev/null 2>&1", "w"))
        let text = MetricsPage.text(of: facts)
        #expect(fwrite(text, 1, text.utf8.count, pipe) == text.utf8.count)
        #expect(pclose(pipe) == 0)
    }
}
