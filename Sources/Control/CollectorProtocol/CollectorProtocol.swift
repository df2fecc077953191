package import StackModel

/// What the agent sends: one JSON object a line, with exactly one of these set.
package struct CollectorRequest: Codable, Equatable, Sendable {
    package var probe: ProbeRequest?
    /// The id of a probe whose answer nobody needs any more. No report follows.
    package var cancel: UInt64?
    package var sample: SampleRequest?

    package init(probe: ProbeRequest? = nil, cancel: UInt64? = nil, sample: SampleRequest? = nil) {
        self.probe = probe
        self.cancel = cancel
        self.sample = sample
    }
}

/// Ask an instance once, and report within `timeout`.
package struct ProbeRequest: Codable, Equatable, Sendable {
    package var id: UInt64
    package var service: ServiceName
    /// One of HTTP, TCP, REDIS, POSTGRES.
    package var probe: Probe
    package var contract: Contract
    @Seconds package var timeout: Duration
    /// The instance is starting: while nobody listens yet, try to connect again until `timeout`, soon and then at
    /// growing pauses (about 0.5 % of the time waited, 1 to 50 ms), so that readiness is seen at once.
    package var awaitsListener: Bool
    /// The loopback address to ask from; nil: the kernel's choice.
    package var sourceAddress: String?

    package init(
        id: UInt64, service: ServiceName, probe: Probe, contract: Contract = Contract(),
        timeout: Duration, awaitsListener: Bool = false, sourceAddress: String? = nil
    ) {
        self.id = id
        self.service = service
        self.probe = probe
        self.contract = contract
        self._timeout = Seconds(wrappedValue: timeout)
        self.awaitsListener = awaitsListener
        self.sourceAddress = sourceAddress
    }
}

/// Measure these process trees.
package struct SampleRequest: Codable, Equatable, Sendable {
    package var id: UInt64
    /// Main processes by service.
    package var processes: [ServiceName: Int32]

    package init(id: UInt64, processes: [ServiceName: Int32]) {
        self.id = id
        self.processes = processes
    }
}

/// What the collector answers: one JSON object a line, with exactly one of these set.
package struct CollectorReply: Codable, Equatable, Sendable {
    /// Said once, when it can be asked.
    package var ready: Bool?
    package var report: ProbeReport?
    package var samples: Samples?

    package init(ready: Bool? = nil, report: ProbeReport? = nil, samples: Samples? = nil) {
        self.ready = ready
        self.report = report
        self.samples = samples
    }
}

package struct ProbeReport: Codable, Equatable, Sendable {
    package var id: UInt64
    package var report: Report

    package init(id: UInt64, report: Report) {
        self.id = id
        self.report = report
    }
}

package struct Samples: Codable, Equatable, Sendable {
    package var id: UInt64
    /// Services whose processes could not be read are missing.
    package var services: [ServiceName: ServiceSample]

    package init(id: UInt64, services: [ServiceName: ServiceSample]) {
        self.id = id
        self.services = services
    }
}

/// Bounds of this protocol, with their reasons.
package enum CollectorLimits {
    /// A resolved probe with a long URL and contract is under 8 KiB; 1,000 services to sample are under 64 KiB.
    package static let requestBytesMax = 256 << 10
    /// 1,000 samples are under 128 KiB; a report's body is cut to `Report.bodyBytesMax`.
    package static let replyBytesMax = 512 << 10
    /// Probes under way at once: two for each of 2,000 services.
    package static let probesMax = 4096
}
