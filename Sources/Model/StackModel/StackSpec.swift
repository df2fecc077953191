/// The whole stack, resolved: what `catalystctl config resolve` prints and catalystd reads.
package struct StackSpec: Equatable, Sendable, Codable {
    package var name: String
    /// In the file's order, which decides among services that can start at once.
    package var services: [ServiceSpec]
    package var rollout: RolloutPolicy = RolloutPolicy()
    package var releases = ReleasePolicy()
    /// Weekly windows without rollouts, such as `Mon-Fri 09:30-16:00 America/New_York`: see `FreezeWindow`.
    package var freeze: [String] = []
    package var alerts = AlertSettings()
    package var watch = Watch()
    package var brake = BrakePolicy()
    /// The database that is watched and that gets what the ledger remembers. May hold a password.
    package var database: String?
    /// Where the collector serves `/metrics`; nil: nowhere.
    package var metrics: Port? = .standardMetrics
    package var host: HostPlan = HostPlan()
    /// Where values of variables, secret ones among them, were read from: hidden from isolated services. Absolute.
    package var variableFiles: [String]?
    /// What the reader of the files wants people to know, `file:line: …` each.
    package var warnings: [String] = []

    package init(name: String, services: [ServiceSpec]) {
        self.name = name
        self.services = services
    }
}

/// `x-catalyst.rollout`: how services are rolled that say nothing themselves.
package struct RolloutPolicy: Equatable, Sendable, Codable {
    /// What is rolled when nobody names services, in this order. Empty: all, in the reverse of the start order.
    package var order: [ServiceName] = []
    @Seconds package var soak: Duration = .seconds(10)
    package var failureAction: UpdatePolicy.FailureAction = .rollback

    package init() {}
}

/// `x-catalyst.host`: the plan that is paid for. Carried for capacity.
package struct HostPlan: Equatable, Sendable, Codable {
    package var cpus: Double?
    package var memory: ByteCount?
    package var disk: ByteCount?
    package var databaseSize = ByteCount(bytes: 10_000_000_000)
    package var databaseConnections = 100
    /// US dollars a month, by what they pay for.
    package var costs: [String: Double] = [:]

    package init() {}
}

extension Port {
    /// OpenTelemetry's number for a Prometheus exporter.
    package static let standardMetrics = Port(number: 9464)
}
