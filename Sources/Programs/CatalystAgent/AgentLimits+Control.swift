internal import ControlProtocol
internal import ControlServer

/// The bounds of the control socket.
extension AgentLimits {
    static var controlling: [Limit] {
        let limits = ControlServerLimits()
        return [
            Limit(
                "control connections", "\(limits.connections)", "one operator has a few terminals"),
            Limit(
                "control connections of a user", "\(limits.connectionsOfUser)",
                "unless it is root or the agent's own"),
            Limit(
                "control connections of strangers", "\(limits.connectionsOfStrangers)",
                "all who may ask nothing, together"),
            Limit(
                "control connections kept free", "\(limits.connectionsReserved)",
                "for root and the agent's own user"),
            Limit(
                "control request", "\(ControlLimits.requestBytesMax) bytes", "names 1,000 services"),
            Limit(
                "control request time", "\(limits.requestTime)",
                "from its first byte to its end, however slow"),
            Limit(
                "control requests a turn", "\(limits.turnTime)",
                "one of each asker; then all else has as long"),
            Limit(
                "control reply", "\(ControlLimits.replyBytesMax) bytes",
                "a resolved stack of 1,000 services"),
            Limit(
                "control replies not taken", "\(limits.outputBytes) bytes",
                "then who takes least is cut off"),
            Limit("control idle time", "\(limits.idleTime)", "forgotten connections are closed"),
            Limit(
                "refusals told", "\(refusalsToldMax)",
                "in \(refusalsWindow); then counted and told as one"),
        ]
    }
}
