/// A look into something beyond "does it answer?".
package enum Inspection: Equatable, Sendable, Codable {
    /// `INFO`.
    case redis(url: String)
    /// Connects once, and asks.
    case postgres(url: String)
    /// PEM files.
    case certificates([String])
    /// A request without a key.
    case frontDoor(url: String)
}

/// What came of it.
package enum InspectionResult: Equatable, Sendable, Codable {
    case redis(RedisFacts)
    case postgres(PostgresFacts)
    case certificates([CertificateFacts])
    case frontDoor(FrontDoorFacts)
    /// When the newest was made, of backups or snapshots; nil: there is none.
    case saved(newest: Timestamp?)
    /// Why there is nothing to tell, in words; `isAway`: it did not answer, as against "could not be asked".
    case failed(String, isAway: Bool)
}

package struct RedisFacts: Equatable, Sendable, Codable {
    package var version: String = ""
    package var role: String = ""
    @Seconds package var latency: Duration = .zero
    package var memory: Int64 = 0
    /// 0: no limit.
    package var memoryMax: Int64 = 0
    /// Since it started.
    package var evictedKeys: Int64 = 0
    package var clients: Int = 0
    package var isAOFEnabled = false
    /// What its persistence complains of; empty: nothing.
    package var persistenceErrors: [String] = []

    package init() {}
}

package struct PostgresFacts: Equatable, Sendable, Codable {
    package var serverVersion: String = ""
    @Seconds package var connectLatency: Duration = .zero
    @Seconds package var queryLatency: Duration = .zero
    package var connections: Int = 0
    package var connectionLimit: Int = 0
    package var databaseSize: Int64 = 0
    /// Whether this very connection is encrypted.
    package var isEncrypted = false
    /// Whether the URL asks for encryption.
    package var wantsEncryption = false
    /// Of our schema; 0: it is not there.
    package var schemaVersion: Int = 0

    package init() {}
}

package struct CertificateFacts: Equatable, Sendable, Codable {
    /// The file, or `host:port` of a live handshake.
    package var source: String
    package var subject: String = ""
    package var issuer: String = ""
    package var expires: Timestamp?
    /// Certificates that came with it, itself among them.
    package var chainLength: Int = 0
    /// What is wrong with it or its chain, in words; nil: nothing.
    package var problem: String?

    package init(source: String) { self.source = source }
}

package struct FrontDoorFacts: Equatable, Sendable, Codable {
    @Seconds package var latency: Duration = .zero
    package var status: Int = 0
    /// `TLSv1.3`; nil: the URL is not https.
    package var tlsVersion: String?
    /// Of the live handshake.
    package var certificate: CertificateFacts?

    package init() {}
}
