/// What one asker may take of the server.
package struct ControlServerLimits: Sendable {
    /// One operator has a few terminals; a flood must not take the agent's descriptors.
    package var connections = 64
    /// Of one user who is neither root nor the agent's own.
    package var connectionsOfUser = 16
    /// Of all who may ask nothing.
    package var connectionsOfStrangers = 8
    /// Kept free for root and the agent's own user.
    package var connectionsReserved = 16
    /// A connection that asks nothing for so long is closed.
    package var idleTime = Duration.seconds(60)
    /// From a request's first byte to its end: however slowly its bytes come.
    package var requestTime = Duration.seconds(10)
    /// Then everybody else has a turn, for as long.
    package var turnTime = Duration.milliseconds(10)
    /// Of answers that are not taken, all askers together.
    package var outputBytes = 64 << 20
    /// Out of descriptors, so many connections give way at once: for the new one, and to look at who it is.
    package var exhaustionRelief = 3
    /// Out of descriptors: before connections are accepted again.
    package var exhaustionPause = Duration.milliseconds(250)

    package init() {}
}
