/// Something of the ledger's that the database is to have as well.
package struct OutboxRecord: Equatable, Sendable, Codable {
    /// Its place in the ledger; grows without ever being used again.
    package var sequence: Int64
    package var content: Content

    package init(sequence: Int64, content: Content) {
        self.sequence = sequence
        self.content = content
    }

    package enum Content: Equatable, Sendable, Codable {
        case alert(AlertEvent)
        case event(EventRecord)
        /// Of a minute.
        case measurement(Measurement)
        /// As it was then; a later record of the same rollout takes its place.
        case rollout(Rollout)
    }
}

/// Which machine's ledger a record comes from: several may write into one database.
package struct HostIdentity: Equatable, Sendable, Codable {
    /// The ledger's own, random, made with it: with a sequence it names a record for good.
    package var ledger: String
    package var hostName: String
    package var agentVersion: String
    package var stack: String
    /// Of the services: how many are wanted, and how many of those are well.
    package var wanted: Int
    package var well: Int

    package init(
        ledger: String, hostName: String, agentVersion: String, stack: String, wanted: Int,
        well: Int
    ) {
        self.ledger = ledger
        self.hostName = hostName
        self.agentVersion = agentVersion
        self.stack = stack
        self.wanted = wanted
        self.well = well
    }
}
