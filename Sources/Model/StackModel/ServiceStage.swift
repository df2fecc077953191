/// Where a service is in its life: the word that operators see, and alerts are decided by.
package enum ServiceStage: String, Codable, Sendable {
    case down
    /// Wanted, but what it needs is not there yet.
    case held
    case starting, up, stopping
    /// Between a crash and the next start.
    case waiting
    /// Given up, tried again slowly.
    case failed
    /// Ran to its end successfully.
    case completed
}
