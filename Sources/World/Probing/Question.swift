package import StackModel

/// One question to one instance: what to ask, and what an acceptable answer is.
package struct Question: Equatable, Sendable {
    package var service: ServiceName
    /// One of HTTP, TCP, REDIS, POSTGRES.
    package var probe: Probe
    package var contract: Contract
    package var timeout: Duration
    /// Connect again while nobody listens yet, until `timeout`.
    package var awaitsListener: Bool
    /// The numeric address to ask from; nil: the kernel's choice.
    package var sourceAddress: String?

    package init(
        service: ServiceName, probe: Probe, contract: Contract = Contract(), timeout: Duration,
        awaitsListener: Bool = false, sourceAddress: String? = nil
    ) {
        self.service = service
        self.probe = probe
        self.contract = contract
        self.timeout = timeout
        self.awaitsListener = awaitsListener
        self.sourceAddress = sourceAddress
    }
}

/// Bounds of this module, with their reasons.
package enum ProbingLimits {
    /// A health answer has a few hundred bytes; a hundred times as much is a mistake.
    package static let bodyBytesMax = 64 << 10
    /// Redis, Postgres and HTTPS share these: a few slow servers must not hold up the others.
    static let threads = 4
    /// Between tries to connect: 0.5 % of the time waited so far, within these.
    static let pauseMin = Duration.milliseconds(1)
    static let pauseMax = Duration.milliseconds(50)
    /// So many times longer than it takes to try is the pause after: all that wait take a fifth of
    /// a core at most.
    static let triesCostFactor = 5
}
