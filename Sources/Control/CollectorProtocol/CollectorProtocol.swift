package import StackModel

/// What the agent sends: one JSON object a line, with exactly one of these set.
package struct CollectorRequest: Codable, Equatable, Sendable {
    package var probe: ProbeRequest?
    /// The id of a probe whose answer nobody needs any more. No report follows.
    package var cancel: UInt64?
    package var sample: SampleRequest?
    package var inspect: InspectRequest?
    package var ship: ShipRequest?
    /// Serve `/metrics` there; with port 0: no longer.
    package var serve: Port?
    /// The answer to a `scrape`.
    package var page: Page?

    package init() {}
    package init(probe: ProbeRequest) { self.probe = probe }
    package init(cancel: UInt64) { self.cancel = cancel }
    package init(sample: SampleRequest) { self.sample = sample }
    package init(inspect: InspectRequest) { self.inspect = inspect }
    package init(ship: ShipRequest) { self.ship = ship }
    package init(serve: Port) { self.serve = serve }
    package init(page: Page) { self.page = page }
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

/// Measure these process trees, and the host.
package struct SampleRequest: Codable, Equatable, Sendable {
    package var id: UInt64
    package var processes: [ServiceName: SampleTarget]
    /// Paths whose file systems are measured.
    package var disks: [String]

    package init(id: UInt64, processes: [ServiceName: SampleTarget], disks: [String] = []) {
        self.id = id
        self.processes = processes
        self.disks = disks
    }
}

/// Look at something closely, and tell within `timeout`.
package struct InspectRequest: Codable, Equatable, Sendable {
    package var id: UInt64
    package var inspection: Inspection
    @Seconds package var timeout: Duration

    package init(id: UInt64, inspection: Inspection, timeout: Duration) {
        self.id = id
        self.inspection = inspection
        self._timeout = Seconds(wrappedValue: timeout)
    }
}

/// Put these records into the database, all or none; a record that is there already is left alone.
///
/// One at a time: the next follows the answer to the one before.
package struct ShipRequest: Codable, Equatable, Sendable {
    package var id: UInt64
    package var database: String
    package var host: HostIdentity
    /// In the ledger's order. Empty: only the heartbeat.
    package var records: [OutboxRecord]
    @Seconds package var timeout: Duration

    package init(
        id: UInt64, database: String, host: HostIdentity, records: [OutboxRecord], timeout: Duration
    ) {
        self.id = id
        self.database = database
        self.host = host
        self.records = records
        self._timeout = Seconds(wrappedValue: timeout)
    }
}

/// An answer to somebody who asked the collector over HTTP.
package struct Page: Codable, Equatable, Sendable {
    /// The `scrape`'s.
    package var id: UInt64
    package var contentType: String
    package var text: String

    package init(id: UInt64, contentType: String, text: String) {
        self.id = id
        self.contentType = contentType
        self.text = text
    }
}

/// What the collector answers: one JSON object a line, with exactly one of these set.
package struct CollectorReply: Codable, Equatable, Sendable {
    /// Said once, when it can be asked.
    package var ready: Bool?
    package var report: ProbeReport?
    package var samples: Samples?
    package var inspected: Inspected?
    package var shipped: Shipped?
    /// Somebody asks for `/metrics`: answered with a `page`.
    package var scrape: UInt64?
    /// Why `/metrics` cannot be served, in words; empty: it is.
    package var serving: String?

    package init() {}
    package init(ready: Bool) { self.ready = ready }
    package init(report: ProbeReport) { self.report = report }
    package init(samples: Samples) { self.samples = samples }
    package init(inspected: Inspected) { self.inspected = inspected }
    package init(shipped: Shipped) { self.shipped = shipped }
    package init(scrape: UInt64) { self.scrape = scrape }
    package init(serving: String) { self.serving = serving }
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
    package var host: HostSample

    package init(id: UInt64, services: [ServiceName: ServiceSample], host: HostSample) {
        self.id = id
        self.services = services
        self.host = host
    }
}

package struct Inspected: Codable, Equatable, Sendable {
    package var id: UInt64
    package var result: InspectionResult

    package init(id: UInt64, result: InspectionResult) {
        self.id = id
        self.result = result
    }
}

package struct Shipped: Codable, Equatable, Sendable {
    package var id: UInt64
    /// Why nothing was put there, in words without secrets; nil: all of it is there, and committed.
    package var failure: String?
    /// The database answered, and will never take this batch as it is: trying again does not help.
    package var isRefused: Bool

    package init(id: UInt64, failure: String? = nil, isRefused: Bool = false) {
        self.id = id
        self.failure = failure
        self.isRefused = isRefused
    }
}

/// Bounds of this protocol, with their reasons.
package enum CollectorLimits {
    /// A resolved probe with a long URL and contract is under 8 KiB; 1,000 services to sample are under 256 KiB; a
    /// batch for the database is cut to `shipBytesMax`.
    package static let requestBytesMax = 4 << 20
    /// Records of one batch: enough that the round trips do not count.
    package static let shipRecordsMax = 1000
    /// Of all records of a batch, in JSON.
    package static let shipBytesMax = 2 << 20
    /// A page of 1,000 services' metrics is under 1 MiB.
    package static let pageBytesMax = 2 << 20
    /// 1,000 samples are under 384 KiB; a report's body is cut to `Report.bodyBytesMax`.
    package static let replyBytesMax = 512 << 10
    /// Probes under way at once: two for each of 2,000 services.
    package static let probesMax = 4096
}
