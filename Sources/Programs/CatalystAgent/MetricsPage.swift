package import StackModel

/// What Prometheus reads at `/metrics`, in its text format 0.0.4. Pure: facts in, text out.
package enum MetricsPage {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package struct Facts: Sendable {
        /// The newest of each subject. What only means something over a stretch of time
        /// (`Metric.isSum`) is left out.
        package var readings: [Subject: Reading] = [:]
        package var services: [Service] = []
        package var alerts: [Alert] = []
        package var version: String
        /// Nil: there is no database to send anything to.
        package var outbox: Outbox?

        package init(version: String) { self.version = version }
    }

    package struct Service: Sendable {
        package var name: ServiceName
        package var isUp: Bool
        package var verdict: Verdict
        /// As `status` calls it.
        package var state: String
        /// Since the agent started.
        package var restarts: Int

        package init(
            name: ServiceName, isUp: Bool, verdict: Verdict, state: String, restarts: Int
        ) {
            self.name = name
            self.isUp = isUp
            self.verdict = verdict
            self.state = state
            self.restarts = restarts
        }
    }

    package struct Outbox: Sendable {
        package var waiting: Int
        /// Since it was made.
        package var dropped: Int
        package var lastShipped: Timestamp?

        package init(waiting: Int, dropped: Int, lastShipped: Timestamp? = nil) {
            self.waiting = waiting
            self.dropped = dropped
            self.lastShipped = lastShipped
        }
    }

    /// Families and their samples in an order of their own, the same each time.
    package static func text(of facts: Facts) -> String {
        var text = ""
        for family in agent(facts) + services(facts) + measures(facts) + alerts(facts) {
            family.write(to: &text)
        }
        return text
    }

    private static func agent(_ facts: Facts) -> [Family] {
        var families = [
            Family("agent_info", .gauge, "the agent's version") {
                $0.add(1, [("version", facts.version)])
            }
        ]
        guard let outbox = facts.outbox else { return families }
        families.append(
            Family("outbox_waiting_records", .gauge, Metric.outboxWaiting.help) {
                $0.add(Double(outbox.waiting))
            })
        families.append(
            Family(
                "outbox_dropped_records_total", .counter,
                "records thrown away because the outbox was full"
            ) { $0.add(Double(outbox.dropped)) })
        families.append(
            Family(
                "outbox_last_shipped_timestamp_seconds", .gauge,
                "when records last arrived in the database"
            ) {
                if let time = outbox.lastShipped { $0.add(Double(time.nanoseconds) / 1e9) }
            })
        return families
    }

    private static func services(_ facts: Facts) -> [Family] {
        let services = facts.services.sorted { $0.name < $1.name }
        return [
            Family("service_up", .gauge, "whether it runs and is ready (1) or not (0)") {
                for service in services { $0.add(service.isUp ? 1 : 0, of: service.name) }
            },
            Family("service_health", .gauge, "1 for what its health is now") {
                for service in services {
                    $0.add(1, of: service.name, [("verdict", service.verdict.rawValue)])
                }
            },
            Family("service_state", .gauge, "1 for the state it is in") {
                for service in services { $0.add(1, of: service.name, [("state", service.state)]) }
            },
            Family("service_restarts_total", .counter, "restarts since the agent started") {
                for service in services { $0.add(Double(service.restarts), of: service.name) }
            },
        ]
    }

    private static func measures(_ facts: Facts) -> [Family] {
        var families: [String: Family] = [:]
        for (subject, reading) in facts.readings.sorted(by: { $0.key < $1.key }) {
            for (metric, value) in reading where !metric.isSum {
                if metric == .outboxWaiting, facts.outbox != nil { continue }
                let (name, scale) = metric.inPrometheus(of: subject)
                // Two things may share a measure; a service is its own label.
                let labels =
                    subject.service.map { [("service", $0.text)] }
                    ?? (metric.belongs(to: subject) ? [] : [("subject", subject.description)])
                families[name, default: Family(name, .gauge, metric.helpInPrometheus) { _ in }]
                    .add(value * scale, labels)
            }
        }
        return families.values.sorted { $0.name < $1.name }
    }

    private static func alerts(_ facts: Facts) -> [Family] {
        let open = Dictionary(grouping: facts.alerts.filter { $0.state != .resolved }) { alert in
            [
                alert.rule.rawValue, alert.subject.description, alert.severity.rawValue,
                alert.state.rawValue,
            ]
        }
        let names = ["rule", "subject", "severity", "state"]
        return [
            Family("alerts", .gauge, "open alerts") {
                for (values, alerts) in open.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }
                ) {
                    $0.add(Double(alerts.count), Array(zip(names, values)))
                }
            }
        ]
    }
}

/// A metric of Prometheus', with all its samples: they must stand together.
private struct Family {
    enum Kind: String { case gauge, counter }

    let name: String
    private let kind: Kind
    private let help: String
    private var samples = ""

    init(_ name: String, _ kind: Kind, _ help: String, fill: (inout Family) -> Void) {
        self.name = "catalyst_" + name
        self.kind = kind
        self.help = help
        fill(&self)
    }

    mutating func add(_ value: Double, of service: ServiceName, _ labels: [(String, String)] = []) {
        add(value, [("service", service.text)] + labels)
    }

    /// What is not finite was not measured.
    mutating func add(_ value: Double, _ labels: [(String, String)] = []) {
        guard value.isFinite else { return }
        samples += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0)=\"\(escaped($1, quotes: true))\"" }
            samples += "{" + pairs.joined(separator: ",") + "}"
        }
        samples += " \(number(value))\n"
    }

    func write(to text: inout String) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        text += samples
    }
}

/// Whole numbers without a fraction, as people write them.
private func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return String(whole) }
    return "\(value)"
}

private func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": escaped += "\\\\"
        case "\n": escaped += "\\n"
        case "\"" where quotes: escaped += "\\\""
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return escaped
}
