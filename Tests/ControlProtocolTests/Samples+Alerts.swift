import ControlProtocol
import StackModel

extension Sample {
    /// `seconds` before the time of all samples.
    static func earlier(_ seconds: Double) -> Timestamp { time - .seconds(seconds) }

    static func alert(
        _ id: Int64, _ rule: AlertRule, _ subject: Subject, _ severity: Severity,
        _ summary: String, _ state: Alert.State = .firing
    ) -> Alert {
        Alert(
            id: id, rule: rule, subject: subject, severity: severity, state: state,
            since: earlier(180), summary: summary)
    }

    /// Redis is away, three suffer from it; one warning, one that waits, one that is over.
    static var alerts: [Alert] {
        var over = alert(9, .frontDoor, "@front-door", .critical, "no answer from 443", .resolved)
        over.resolvedAt = earlier(60)
        var disk = alert(13, .diskHigh, "@disk", .warning, "91% full")
        disk.acknowledgedBy = "root: new disk is ordered"
        disk.silence = "maintenance"
        var redis = alert(12, .serviceDown, "redis", .critical, "killed by SIGKILL")
        redis.blocked = ["trading", "pattern", "technical"]
        let pending = alert(14, .cpuHigh, "@host", .warning, "cpu 97%", .pending)
        return [over, pending, disk, redis]
    }

    /// One of each standing.
    static var isolation: IsolationReport {
        IsolationReport(
            service: "news", pid: 4711,
            findings: [
                .init(.user, .missing, "is root", remedy: "give it a user of its own"),
                .init(.privileges, .inForce, "gets no more"),
                .init(.capabilities, .inForce, "none"),
                .init(.tmp, .waived, "everybody's, as 'private_tmp: false' says"),
                .init(.landlock, .unknown, "nothing tells"),
            ])
    }

    static var evidence: Evidence {
        var evidence = Evidence()
        evidence.exit = .signaled(.kill, coreDumped: false)
        evidence.lastReport = Report(.failed(.timedOut), latency: .seconds(10), body: "{}")
        evidence.lines = [log("redis", "Out of memory")]
        evidence.measures = [.cpu: 0.42, .memory: 39_845_888]
        evidence.changes = [event(nil, "root asked: reload")]
        evidence.suggestions = ["catalystctl why redis"]
        return evidence
    }

    static var alertReply: AlertReply {
        var alert = alerts[3]
        alert.evidence = evidence
        alert.firedAt = earlier(175)
        return AlertReply(
            alert,
            events: [
                step(.fired, "redis: killed by SIGKILL", alert),
                step(.reminded, "redis: still down after 4 h", alert),
            ])
    }

    static func step(_ kind: AlertEvent.Kind, _ message: String, _ alert: Alert) -> AlertEvent {
        AlertEvent(
            id: "9a4c4f8e-0000-4000-8000-000000000001", kind: kind, time: time, message: message,
            alert: alert)
    }

    static let availability = Availability(
        day: .init(share: 0.99984, watched: .seconds(86_400)),
        month: .init(share: 0.992, watched: .seconds(86_400 * 30)))

    static var host: HostStatus {
        var host = HostStatus()
        host.readings = [
            "@host": [
                .hostCPU: 0.12, .load1: 0.42, .pressureCPU: 0.03, .pressureMemory: 0,
                .pressureIO: 0.012,
            ],
            "@memory": [.memoryUsed: 0.41], "@disk": [.diskUsed: 0.93, .inodesUsed: 0.2],
        ]
        host.alerts = alerts
        host.maintenance = Maintenance(
            since: earlier(600), until: earlier(-720), reason: "new disk")
        host.metrics = "http://127.0.0.1:9464/metrics"
        host.limitations = ["no memory controller: memory is what /proc says"]
        host.outbox = OutboxStatus(waiting: 1234, dropped: 5)
        host.outbox?.lastShipped = earlier(60)
        host.outbox?.problem = "connection refused"
        return host
    }

    /// One value a minute, the last one now.
    static func series(
        _ subject: Subject, _ values: [Metric: [Double]], highs: Reading = [:],
        _ resolution: Resolution = .minute
    ) -> Series {
        let count = values.values.map(\.count).max() ?? 0
        let points = (0..<count).map { index in
            Measurement(
                time: earlier(Double(count - index) * 60), subject: subject,
                resolution: resolution, values: values.mapValues { $0[index] }, highs: highs)
        }
        return Series(subject: subject, resolution: resolution, points: points)
    }

    static func history(_ service: ServiceName) -> ServiceHistory {
        let shares: [Double?] = [nil, 0, 0.5, 0.92, 0.985, 0.9995, 1]
        let today = Timestamp(nanoseconds: 1_795_305_600_000_000_000)
        let days = shares.enumerated().map { index, share in
            ServiceHistory.Day(
                time: today - .seconds(86_400 * (6 - index)),
                availability: share.map { .init(share: $0, watched: .seconds(86_400)) },
                restarts: index == 2 ? 3 : 0, alerts: index == 2 ? 1 : 0)
        }
        return ServiceHistory(service: service, availability: availability, days: days)
    }
}
