internal import StackModel

/// What the measures call for.
package struct Advice: Equatable, Sendable {
    /// Something that is used more than is good.
    package struct Reason: Equatable, Sendable, Encodable {
        package enum Resource: String, Sendable, Encodable, CaseIterable {
            case cpu, memory, disk
            case connections = "database connections"
            case databaseSize = "database size"
        }
        package var resource: Resource
        /// Of all there is.
        package var share: Double
        package var threshold: Double
    }

    package enum Step: Equatable, Sendable {
        case upgrade(Plan)
        /// More is needed than any documented plan has.
        case largerThanDocumented
        case readReplica(monthlyCost: Double)
        /// A bigger disk, or less on it; the price is not documented.
        case disk
        /// More room for the database; the price is not documented.
        case databaseSize
    }

    /// In the time that was measured.
    package var reasons: [Reason]
    /// Empty: none is needed, or too little is known.
    package var steps: [Step]
    package var span: Duration

    package var isEnough: Bool { span >= Self.spanMin }

    /// A week, less what a reboot or an update may have cost.
    package static let spanMin = Duration.seconds(13 * 43_200)
}

/// Shares of what there is, over the time that was measured. Nil: not measured.
package struct Load: Equatable, Sendable {
    package var cpu: Use?
    package var memory: Use?
    package var disk: Use?
    package var connections: Use?
    package var databaseSize: Use?
    package var span: Duration

    package init(span: Duration) { self.span = span }

    /// How much may be used in 95 of 100 hours; for what only grows, now.
    package static func threshold(of resource: Advice.Reason.Resource) -> Double {
        switch resource {
        case .cpu: 0.7
        case .memory: 1 - Budget.headroomMin
        case .disk, .connections, .databaseSize: 0.8
        }
    }

    fileprivate func share(of resource: Advice.Reason.Resource) -> Double? {
        switch resource {
        case .cpu: cpu?.p95
        case .memory: memory?.p95
        case .connections: connections?.p95
        case .disk: disk?.now ?? disk?.p95
        case .databaseSize: databaseSize?.now ?? databaseSize?.p95
        }
    }
}

/// What `load` calls for on a machine of `plan`.
package func advice(for load: Load, on plan: Plan) -> Advice {
    let reasons = Advice.Reason.Resource.allCases.compactMap { resource -> Advice.Reason? in
        let threshold = Load.threshold(of: resource)
        guard let share = load.share(of: resource), share > threshold else { return nil }
        return Advice.Reason(resource: resource, share: share, threshold: threshold)
    }
    var advice = Advice(reasons: reasons, steps: [], span: load.span)
    guard advice.isEnough else { return advice }
    let names = Set(reasons.map(\.resource))
    if !names.isDisjoint(with: [.cpu, .memory]) {
        advice.steps.append(plan.upgrade(for: load).map { .upgrade($0) } ?? .largerThanDocumented)
    }
    if names.contains(.connections) {
        advice.steps.append(.readReplica(monthlyCost: Bill.readReplicaCost))
    }
    if names.contains(.databaseSize) { advice.steps.append(.databaseSize) }
    if names.contains(.disk) { advice.steps.append(.disk) }
    return advice
}

extension Plan {
    /// The smallest documented plan on which the same load is not too much.
    fileprivate func upgrade(for load: Load) -> Plan? {
        let cpus = (load.cpu?.p95 ?? 0) * cpus / Load.threshold(of: .cpu)
        let memory = (load.memory?.p95 ?? 0) * Double(memory.bytes) / Load.threshold(of: .memory)
        return Plan.documented.first { $0.cpus >= cpus && Double($0.memory.bytes) >= memory }
    }
}
