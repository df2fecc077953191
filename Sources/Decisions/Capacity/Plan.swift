package import StackModel

/// A size of server that can be paid for.
package struct Plan: Equatable, Sendable, Encodable {
    package var cpus: Double
    package var memory: ByteCount
    /// US dollars a month; nil: not known.
    package var monthlyCost: Double?

    package init(cpus: Double, memory: ByteCount, monthlyCost: Double? = nil) {
        self.cpus = cpus
        self.memory = memory
        self.monthlyCost = monthlyCost
    }

    /// The documented ones, the smallest first, which has no documented price.
    package static let documented = [
        Plan(cpus: 4, memory: .mebibytes(8 << 10)),
        Plan(cpus: 6, memory: .mebibytes(16 << 10), monthlyCost: 96),
        Plan(cpus: 8, memory: .mebibytes(32 << 10), monthlyCost: 192),
    ]

    /// The documented one of this size.
    package static func documented(cpus: Double, memory: ByteCount) -> Plan? {
        documented.first { $0.cpus == cpus && $0.memory == memory }
    }
}

/// What is paid for each month, by what it pays for.
package struct Bill: Equatable, Sendable {
    package struct Item: Equatable, Sendable, Encodable {
        package var name: String
        /// US dollars; nil: not given.
        package var cost: Double?

        package init(_ name: String, _ cost: Double?) {
            self.name = name
            self.cost = cost
        }
    }

    package var items: [Item]

    package static let droplet = "droplet"
    package static let database = "database"
    /// The documented cost of a replica of the database to read from.
    package static let readReplicaCost = 15.0

    /// What the stack file gives, and where it is silent the documented costs.
    package init(given: [String: Double], plan: Plan?) {
        let server = given[Self.droplet] ?? plan?.monthlyCost
        let others = given.filter { ![Self.droplet, Self.database].contains($0.key) }
        items =
            [Item(Self.droplet, server), Item(Self.database, given[Self.database])]
            + others.sorted { $0.key < $1.key }.map { Item($0.key, $0.value) }
    }

    /// Of what is given.
    package var sum: Double { items.compactMap(\.cost).reduce(0, +) }
    package var isComplete: Bool { items.allSatisfy { $0.cost != nil } }
}
