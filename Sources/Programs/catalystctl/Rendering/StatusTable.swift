internal import ControlProtocol
internal import StackModel

/// The services of `status`, one a row.
struct StatusTable {
    let status: StackStatus
    /// Those of them that are shown.
    let services: [ServiceStatus]

    var table: Table {
        let shown = columns.filter { $0.isKnown(status.services) }
        return Table(
            columns: shown.map(\.column),
            rows: services.map { service in shown.map { $0.cell(service) } })
    }

    /// A column, what stands in it, and whether there is anything to stand in it.
    private struct Part {
        let column: Table.Column
        var isKnown: ([ServiceStatus]) -> Bool = { _ in true }
        let cell: (ServiceStatus) -> Table.Cell
    }

    /// First to give way on a narrow terminal: a month, pid (`why` has it), cpu (`top` has it).
    private var columns: [Part] {
        [
            Part(column: .init(title: "service")) { .init($0.name.text) },
            Part(column: .init(title: "state")) { .init($0.state.rawValue, stateColor($0)) },
            Part(column: .init(title: "health", dropRank: 1), cell: healthCell),
            Part(column: .init(title: "since", alignment: .right, dropRank: 2)) {
                .init(humanDuration(status.time - $0.since))
            },
            Part(column: .init(title: "pid", alignment: .right, dropRank: 8)) { optional($0.pid) },
            Part(column: .init(title: "restarts", alignment: .right, dropRank: 3)) {
                .init(String($0.restarts), $0.restarts > 0 ? .yellow : nil)
            },
            Part(column: .init(title: "port", alignment: .right, dropRank: 5)) {
                optional($0.port)
            },
            Part(column: .init(title: "memory", alignment: .right, dropRank: 6), cell: memoryCell),
            Part(column: .init(title: "cpu", alignment: .right, dropRank: 7)) {
                $0.cpu.map { .init(percentage($0)) } ?? .nothing
            },
            availability("24h", dropRank: 4, \.day), availability("30d", dropRank: 9, \.month),
        ]
    }

    private func availability(
        _ title: String, dropRank: Int, _ span: KeyPath<Availability, Availability.Share?>
    ) -> Part {
        Part(
            column: .init(title: title, alignment: .right, dropRank: dropRank),
            isKnown: { services in services.contains { $0.availability[keyPath: span] != nil } },
            cell: { .availability($0.availability[keyPath: span]) })
    }

    private func stateColor(_ service: ServiceStatus) -> Terminal.Color? {
        switch service.state {
        case .up: nil
        case .down, .completed: service.wanted && service.state == .down ? .yellow : .dim
        case .failed, .waiting: .red
        case .held, .starting, .stopping: .yellow
        }
    }

    private func healthCell(_ service: ServiceStatus) -> Table.Cell {
        switch service.health {
        case .unknown: .nothing
        case .healthy: .init("healthy", .green)
        case .degraded: .init("degraded", .yellow)
        case .blocked: .init("blocked", .yellow)
        case .unhealthy: .init("unhealthy", .red)
        }
    }

    private func memoryCell(_ service: ServiceStatus) -> Table.Cell {
        guard let memory = service.memory else { return .nothing }
        let isNearLimit = service.memoryLimit.map { memory.bytes > $0.bytes / 10 * 9 } ?? false
        let limit = service.memoryLimit.map { "/\($0.exact)" } ?? ""
        return .init(memory.description + limit, isNearLimit ? .yellow : nil)
    }

    private func optional(_ value: (some CustomStringConvertible)?) -> Table.Cell {
        value.map { .init($0.description) } ?? .nothing
    }
}

extension Table.Cell {
    static var nothing: Self { .init("–", .dim) }

    /// Yellow below 99 %.
    static func availability(_ share: Availability.Share?) -> Self {
        share.map { .init(availabilityText($0.share), $0.share < 0.99 ? .yellow : nil) } ?? .nothing
    }
}
