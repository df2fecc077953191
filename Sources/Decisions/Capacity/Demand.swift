package import StackModel

/// What one part of the machine is expected to use, may use, is kept for it, and does use.
package struct Demand: Equatable, Sendable, Encodable {
    package var name: String
    package var expected: Resources.Amounts
    package var limits: Resources.Amounts
    package var reservations: Resources.Amounts
    /// Cores.
    package var cpu: Use?
    /// Bytes.
    package var memory: Use?

    package init(
        _ name: String, expected: Resources.Amounts,
        limits: Resources.Amounts = Resources.Amounts(),
        reservations: Resources.Amounts = Resources.Amounts()
    ) {
        self.name = name
        self.expected = expected
        self.limits = limits
        self.reservations = reservations
    }

    package init(_ service: ServiceSpec) {
        self.init(
            service.name.text,
            expected: service.name == "redis"
                ? .of(0.25, mebibytes: 256) : .of(0.5, mebibytes: 512),
            limits: service.resources.limits, reservations: service.resources.reservations)
    }

    /// What runs beside the services, by the documented table.
    package static let nginx = Demand("nginx", expected: .of(0.25, mebibytes: 128))
    package static let system = Demand("system", expected: .of(0.5, mebibytes: 512))

    /// Of its limit, which its highest use leaves; nil where one of them is not known.
    package var memoryHeadroom: Double? {
        guard let limit = limits.memory, limit.bytes > 0, let used = memory?.max ?? memory?.now
        else { return nil }
        return 1 - used / Double(limit.bytes)
    }
}

extension Resources.Amounts {
    package static func of(_ cpus: Double?, mebibytes: Int64?) -> Resources.Amounts {
        var amounts = Resources.Amounts()
        amounts.cpus = cpus
        amounts.memory = mebibytes.map { .mebibytes($0) }
        return amounts
    }

    /// What is not given counts as nothing.
    package static func sum(_ all: [Resources.Amounts]) -> Resources.Amounts {
        var sum = Resources.Amounts()
        sum.cpus = all.compactMap(\.cpus).reduce(0, +)
        sum.memory = ByteCount(bytes: all.compactMap(\.memory?.bytes).reduce(0, +))
        return sum
    }
}

/// All of the demands against what the plan has.
package struct Budget: Equatable, Sendable {
    package var demands: [Demand]
    package var plan: Plan

    package init(_ demands: [Demand], plan: Plan) {
        self.demands = demands
        self.plan = plan
    }

    /// The documented share of the memory that is to stay free.
    package static let headroomMin = 0.25

    package var expected: Resources.Amounts { .sum(demands.map(\.expected)) }
    package var limits: Resources.Amounts { .sum(demands.map(\.limits)) }
    package var reservations: Resources.Amounts { .sum(demands.map(\.reservations)) }

    /// The share of the plan's memory that what is expected leaves.
    package var headroom: Double { 1 - share(expected.memory) }
    /// The limits of all against the plan's memory: above 1, not all can be used up at once.
    package var commitment: Double { share(limits.memory) }
    package var isOvercommitted: Bool { commitment > 1 }

    private func share(_ memory: ByteCount?) -> Double {
        plan.memory.bytes > 0 ? Double(memory?.bytes ?? 0) / Double(plan.memory.bytes) : 0
    }
}
