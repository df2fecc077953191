/// When and how fast a service that ended is started again.
package struct RestartPolicy: Equatable, Sendable, Codable {
    package enum Condition: String, Sendable, Codable {
        case never = "none"
        case onFailure = "on-failure"
        case always = "any"
    }

    package var condition: Condition = .never
    package var backoff: Backoff = Backoff()
    /// Restarts within `window` after which the service is given up; nil: never.
    package var attemptsMax: Int?
    /// Zero: the attempts since the service was last well for `Backoff.resetAfter`.
    @Seconds package var window: Duration = .zero
    /// A given-up service is tried again this often; zero: not at all.
    @Seconds package var slowRetry: Duration = .seconds(300)

    package init() {}
}

/// Pauses before restarts: none after a long healthy life, then `initial`, doubling, up to `max`.
package struct Backoff: Equatable, Sendable, Codable {
    @Seconds package var initial: Duration = .milliseconds(100)
    @Seconds package var max: Duration = .seconds(30)
    /// Up to this share of each pause is taken off at random, so that services do not return in step. 0…1.
    package var jitter: Double = 0.2
    /// So long up and healthy, an instance forgives the crashes before it.
    @Seconds package var resetAfter: Duration = .seconds(60)

    package init() {}
}
