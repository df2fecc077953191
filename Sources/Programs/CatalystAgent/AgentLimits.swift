internal import CollectorProtocol
internal import ControlProtocol
internal import ControlServer
internal import Logs

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
    /// What a pipe takes without a reader is 64 KiB.
    static let notificationJSONBytesMax = 60_000
    /// The pauses between tries to reach the database.
    static let shippingPauseMin = Duration.seconds(1)
    static let shippingPauseMax = Duration.seconds(30)
    /// A batch for the database.
    static let shippingTimeout = Duration.seconds(20)
    /// That it is alive is told to the database at least so often.
    static let heartbeatInterval = Duration.seconds(60)
    /// Between looks at what alerts are due by themselves, at least; events bring their own.
    static let alertingInterval = Duration.seconds(1)
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
    /// Lost output is told again when none was lost for so long.
    static let seriesPointsMax = 10_000
    static let logLossQuiet = Duration.seconds(60)
    /// A silence that nobody remembers hides what is wrong.
    static let silenceMax = Duration.seconds(30 * 86_400)
    static let maintenanceMax = Duration.seconds(86_400)
    /// Samples of a minute of 1,000 services, on their way to the ledger.
    static let rawWaitingMax = 8000
    /// With less than this a disk is as good as full.
    static let diskBytesMin = 4e6
    /// A request that waits for something to come about is answered after this at the latest.
    static let waitMax = Duration.seconds(600)
    /// Between samples of the services' memory and CPU.
    static let samplingInterval = Duration.seconds(10)
    /// The pause before a collector that died young is started again.
    static let collectorPauseMax = Duration.seconds(5)
    /// How much longer than its own limit a probe's answer may be on its way.
    static let probeMargin = Duration.seconds(1)

    static var all: [Limit] {
        [
            Limit(
                "control connections", "\(ControlServer.connectionsMax)",
                "one operator has a few terminals"),
            Limit(
                "control request", "\(ControlLimits.requestBytesMax) bytes", "names 1,000 services"),
            Limit(
                "control reply", "\(ControlLimits.replyBytesMax) bytes",
                "a resolved stack of 1,000 services"),
            Limit(
                "control idle time", "\(ControlServer.idleLimit)",
                "forgotten connections are closed"),
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
        ]
    }
}
