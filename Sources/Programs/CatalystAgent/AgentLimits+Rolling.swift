internal import ControlProtocol

/// The bounds of rolling.
extension AgentLimits {
    /// What an instance that users have left still has in its queue is taken within this, or it takes nothing any more.
    static let queueWait = Duration.seconds(5)
    static let queuePoll = Duration.milliseconds(5)
    /// A new instance that nobody ever used need not be asked for long to stop.
    static let candidateGrace = Duration.seconds(5)
    /// A new instance without a health check counts as well when it has run for so long.
    static let unaskedProof = Duration.seconds(1)
    /// An old instance that died with callers in its queue gets so long to come back for them before users move on.
    static let admissionWait = Duration.seconds(10)
    /// While a new instance soaks it is asked this many times.
    static let soakProbes = 10
    /// Between those questions, at least.
    static let soakIntervalMin = Duration.milliseconds(200)
    /// What a new instance waits for must be there within this.
    static let heldMax = Duration.seconds(600)
    /// What a failed instance wrote last is on its way to the log for so long.
    static let evidenceWait = Duration.milliseconds(100)
    /// An agent that was killed keeps the lock for a moment.
    static let lockWait = Duration.seconds(2)
    /// A ledger that does not open is waited for so long at the start.
    static let ledgerWait = Duration.seconds(5)
    /// A hold command is killed after this.
    static let holdTime = Duration.seconds(30)
    /// Fetching and building, whatever the stack file allows the build alone.
    static let preparationMax = Duration.seconds(7200)
    /// What a tool says beside its result: kept for an error, and read at all.
    static let complaintsBytesMax = 64 << 10
    static let toolOutputBytesMax = 64 << 20
    /// Rollouts that `rollouts` shows, and that expected times are learned from.
    static let rolloutsShownMax = 1000
    static let rolloutsLearnedFrom = 20

    static var rolling: [Limit] {
        [
            Limit("rollouts under way", "1", "a lock: the second one is refused"),
            Limit(
                "queue of a replaced instance", "\(queueWait)", "then it takes nothing any more"),
            Limit("preparing a release", "\(preparationMax)", "fetching and building"),
            Limit("hold command", "\(holdTime)", "then it counts as 'not now'"),
            Limit("build output read", "\(toolOutputBytesMax) bytes", "the rest is in its log"),
            Limit("starting while something is missing", "\(heldMax)", "then the rollout fails"),
        ]
    }
}
