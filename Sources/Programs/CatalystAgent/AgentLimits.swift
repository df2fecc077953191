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
            Limit("sampling interval", "\(samplingInterval)", "two samples make a CPU share"),
            Limit("waiting command", "\(waitMax)", "then it is told what is still missing"),
        ]
    }
}
