internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

extension Agent {
    /// What is known now about the trouble behind `alert`, without the lines that services wrote.
    func evidence(for alert: Alert) -> Evidence {
        var evidence = Evidence()
        evidence.measures = meter.readings[alert.subject] ?? [:]
        evidence.changes = changes(before: alert)
        switch alert.subject {
        case .service(let name):
            guard let runner = runners[name] else { break }
            evidence.exit = runner.lastExit
            evidence.lastReport = runner.instance?.lastReport ?? runner.lastReport
            evidence.suggestions =
                ["catalystctl why \(name)"] + (serviceStatus(name).map(suggestions) ?? [])
        case .thing(let thing):
            evidence.lastReport = board[alert.subject]?.lastReport
            evidence.suggestions = suggestions(about: thing, alert.rule)
        }
        return evidence
    }

    /// What was done lately, by whom, which may be why.
    private func changes(before alert: Alert) -> [EventRecord] {
        let kinds: Set<EventRecord.Kind> = [
            .asked, .stackLoaded, .stackRefused, .agentStarted, .maintenance, .clockJumped,
            .collectorLost, .exited, .gaveUp, .killed,
        ]
        let since = alert.since - AgentLimits.changesBefore
        let service = alert.subject.service
        return chronicle.records.filter { record in
            record.time >= since && kinds.contains(record.kind)
                && (record.service == nil || record.service == service)
        }.suffix(AgentLimits.changesMax)
    }

    private func suggestions(about thing: Subject.Thing, _ rule: AlertRule) -> [String] {
        switch (thing, rule) {
        case (_, .brake): ["catalystctl status", "catalystctl events --since 15m"]
        case (_, .maintenanceOverdue): ["catalystctl maintenance end"]
        case (_, .stackRefused): ["catalystctl config check", "catalystctl reload"]
        case (_, .ledgerFailing): ["df -h \(options.stateDirectory)", "catalystctl status"]
        case (_, .outboxFilling): ["catalystctl db status"]
        case (.disk, _):
            ["df -h \(options.stateDirectory)", "catalystctl metrics @disk --since 6h"]
        case (.postgres, _): ["catalystctl db status", "catalystctl metrics @postgres --since 6h"]
        case (.host, _), (.memory, _): ["catalystctl top", "catalystctl metrics @host --since 6h"]
        case (.certificate, _): ["certbot renew --dry-run"]
        case (.frontDoor, _): ["nginx -t", "systemctl status nginx"]
        case (.backup, _): ["catalystctl backup list", "journalctl -u catalyst-backup -n 50"]
        case (.snapshot, _): ["journalctl -u catalyst-snapshot -n 50"]
        case (.agent, _): ["catalystctl events --since 1h"]
        }
    }
}
