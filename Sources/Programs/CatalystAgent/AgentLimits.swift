internal import CollectorProtocol
internal import ControlProtocol
internal import ControlServer
internal import Ledger
internal import Logs
internal import Monitoring

/// The agent's bounds, each with its reason. `catalystctl limits` prints them.
enum AgentLimits {
    /// `events` and `why` look back this far; a record is about 200 bytes.
    static let eventsMax = 2000
    /// Announcements that wait for a slow stderr or journald.
    static let announcementsMax = 1000
    /// `catalystctl config resolve` on the largest allowed files takes well under a second.
    static let resolveTime = Duration.seconds(10)
    /// A resolved stack of 1,000 services is under 4 MiB.
    static let resolvedBytesMax = 16 << 20
    /// `logs` and `why` under way at once, a thread each.
    static let streamsMax = 16
    /// A process tree that is being killed is looked at this often.
    static let emptinessPoll = Duration.milliseconds(10)
    /// How long processes of an earlier agent get to end before they are killed.
    static let leftoverGrace = Duration.seconds(10)
    /// Those of an instance that cannot be adopted are waited for that long, before it is started again.
    static let killedTreeWait = Duration.milliseconds(200)
    /// What an exec probe says is kept as evidence up to here; more is read and dropped.
    static let probeOutputBytesMax = 4096
    /// sd_notify(3) datagrams taken from one service in one turn: a flood must not take the loop.
    static let notificationsPerTurnMax = 32
    /// One datagram; systemd's own limit.
    static let notificationBytesMax = 4096
    /// `on_alert` commands at once.
    static let notifiersMax = 4
    /// Alerts that wait for an `on_alert` command; then they are counted.
    static let notificationsWaitingMax = 100
    /// Requests at the control socket that are refused are told up to here in each window; then counted.
    static let refusalsToldMax = 10
    static let refusalsWindow = Duration.seconds(60)
    /// A crowd at the control socket is over when nobody was turned away for so long.
    static let crowdQuiet = Duration.seconds(10)
    /// Whoever has more ancestors hides something.
    static let ancestorsMax = 1000
    /// What a pipe takes without a reader is 64 KiB.
    static let notificationJSONBytesMax = 60_000
    /// The pauses between tries to reach the database.
    static let shippingPauseMin = Duration.seconds(1)
    static let shippingPauseMax = Duration.seconds(30)
    /// Before the half of a batch that the database refused, and after the one record that was it.
    static let refusalPause = Duration.milliseconds(100)
    /// A batch for the database.
    static let shippingTimeout = Duration.seconds(20)
    /// That it is alive is told to the database at least so often.
    static let heartbeatInterval = Duration.seconds(60)
    /// Between looks at what alerts are due by themselves, at least; events bring their own.
    static let alertingInterval = Duration.seconds(1)
    /// Between an event and the look it brings: what follows from it at once is seen with it.
    static let alertingDelay = Duration.milliseconds(50)
    /// Calls of other threads that wait for the loop; answers to its own questions come beside.
    static let callsWaitingMax = 10_000
    /// Alerts that one `alerts test` may raise.
    static let testAlertsMax = 10_000
    static let testAlertNumberMax = 1_000_000_000
    /// And of so many people are told.
    static let testAlertsToldMax = 20
    /// What a service wrote last, in an alert.
    static let evidenceLinesMax = 20
    static let evidenceLineLengthMax = 500
    /// What happened so long before an alert may be why.
    static let changesBefore = Duration.seconds(900)
    static let changesMax = 10
    /// Of one answer to `metrics`: a week of minutes.
    static let seriesPointsMax = 10_000
    /// Lost output is told again when none was lost for so long.
    static let logLossQuiet = Duration.seconds(60)
    /// A silence that nobody remembers hides what is wrong.
    static let silenceMax = Duration.seconds(30 * 86_400)
    static let maintenanceMax = Duration.seconds(86_400)
    /// Samples of a minute of 1,000 services, on their way to the ledger.
    static let rawWaitingMax = 8000
    /// A request that waits for something to come about is answered after this at the latest.
    static let waitMax = Duration.seconds(600)
    /// Between samples of the services' memory and CPU.
    static let samplingInterval = Duration.seconds(10)
    /// The pause before a collector that died young is started again.
    static let collectorPauseMax = Duration.seconds(5)
    /// How much longer than its own limit a probe's answer may be on its way.
    static let probeMargin = Duration.seconds(1)
    /// So many in a row without any sign of life: one could be a busy machine's.
    static let collectorOverdueMax = 3

    /// Descriptors left to the next agent: systemd keeps as many (`FileDescriptorStoreMax=`).
    static let heirloomsMax = 512
    /// What an agent that is replaced in its place tells its successor: 1,000 services are under 1 MiB.
    static let handoverBytesMax = 16 << 20
    /// A successor that has not looked at what it is to take over by then is refused.
    static let successorTime = Duration.seconds(10)

    static var all: [Limit] {
        [
            Limit("log and why streams", "\(streamsMax)", "a thread each"),
            Limit("events remembered", "\(eventsMax)", "about 200 bytes each"),
            Limit(
                "announcements waiting", "\(announcementsMax)",
                "for a slow stderr; then counted and dropped"),
            Limit("stack file reading", "\(resolveTime)", "then the running stack goes on"),
            Limit("resolved stack", "\(resolvedBytesMax) bytes", "1,000 services are under 4 MiB"),
            Limit("probes under way", "\(CollectorLimits.probesMax)", "one a service, twice over"),
            Limit("probe output kept", "\(probeOutputBytesMax) bytes", "evidence, not a log"),
            Limit(
                "notifications a turn", "\(notificationsPerTurnMax)",
                "a flood must not take the loop"),
            Limit("on_alert commands", "\(notifiersMax)", "a page is sent once, not by a storm"),
            Limit(
                "alerts for on_alert", "\(notificationsWaitingMax)", "then counted and left out"),
            Limit("sampling interval", "\(samplingInterval)", "two samples make a CPU share"),
            Limit("waiting command", "\(waitMax)", "then it is told what is still missing"),
            Limit("calls for the loop", "\(callsWaitingMax)", "from other threads"),
        ] + controlling + alerting + remembering + rolling
    }

    private static var alerting: [Limit] {
        [
            Limit("open alerts", "\(AlertBook.Limits.alertsMax)", "of 1,000 services, twice over"),
            Limit(
                "silences", "\(AlertBook.Limits.silencesMax)", "then the one that ends first goes"),
            Limit("silence", "\(silenceMax)", "a forgotten one hides what is wrong"),
            Limit("maintenance", "\(maintenanceMax)", "a forgotten one hides what is wrong"),
            Limit("test alerts at once", "\(testAlertsMax)", "one transaction of the ledger"),
            Limit(
                "test alerts told", "\(testAlertsToldMax)", "a storm of them is for the ledger only"
            ),
            Limit("lines in an alert", "\(evidenceLinesMax)", "evidence, not a log"),
            Limit(
                "changes in an alert", "\(changesMax)",
                "of the last \(changesBefore): what may be why"),
        ]
    }

    private static var remembering: [Limit] {
        let ledger = LedgerLimits()
        let (measures, alerts) = (ledger.waitingBytesMax, ledger.waitingAlertBytesMax)
        return [
            Limit("measures and events for the disk", "\(measures) bytes", "the oldest give way"),
            Limit("all that waits for the disk", "\(alerts) bytes", "then the oldest alerts, too"),
            Limit("questions to the ledger", "\(ledger.questionsMax)", "then refused"),
            Limit(
                "samples for the ledger", "\(rawWaitingMax)", "a minute; then the older half goes"),
            Limit("points of one answer", "\(seriesPointsMax)", "a week of minutes"),
            Limit("events kept", "\(ledger.eventsMax)", "on disk; the oldest go"),
            Limit("resolved alerts kept", "\(ledger.resolvedAlertsMax)", "on disk; open ones stay"),
            Limit("alert events kept", "\(ledger.alertEventsMax)", "on disk; the oldest go"),
            Limit("rollouts kept", "\(ledger.rolloutsMax)", "on disk; the oldest go"),
            Limit(
                "measures kept",
                "\(ledger.rawRowsMax) raw, \(ledger.minuteRowsMax) minutes, \(ledger.hourRowsMax) hours",
                "about 30 MB each; the oldest go"),
            Limit(
                "outbox", "\(ledger.outboxRowsMax) records, \(ledger.outboxBytesMax) bytes",
                "a day of alert storm without a database"),
            Limit(
                "damaged ledgers kept", "\(ledger.asideMax)", "damage must not fill the disk"),
            Limit(
                "batch for the database",
                "\(CollectorLimits.shipRecordsMax) records, \(CollectorLimits.shipBytesMax) bytes",
                "more round trips do not count"),
            Limit("pause for the database", "\(shippingPauseMax)", "between tries to reach it"),
        ]
    }
}
