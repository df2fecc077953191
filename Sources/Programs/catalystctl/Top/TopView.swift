internal import ControlProtocol
internal import StackModel

/// What the operator made of the screen of `top`.
struct TopView: Equatable {
    enum Order: CaseIterable { case name, cpu, memory }
    /// What stands in the place of the table.
    enum Pane: Equatable {
        case table, help
        /// Asked for when it is drawn.
        case why(ServiceName), logs(ServiceName)
    }
    enum Wish: Equatable { case quit }

    var order = Order.name
    var selected: ServiceName?
    var pane = Pane.table

    /// Takes a key; `services` stand as they are shown.
    mutating func receive(_ key: Key, among services: [ServiceName]) -> Wish? {
        if pane != .table, !switchesPane(key) {
            pane = .table
            return nil
        }
        switch key {
        case .quit: return .quit
        case .sort: order = order.next
        case .up: select(-1, among: services)
        case .down: select(+1, among: services)
        case .why: pane = (selected ?? services.first).map { .why($0) } ?? .table
        case .logs: pane = (selected ?? services.first).map { .logs($0) } ?? .table
        case .help: pane = .help
        case .leave, .other: break
        }
        return nil
    }

    func sorted(_ services: [ServiceStatus]) -> [ServiceStatus] {
        switch order {
        case .name: services.sorted { $0.name < $1.name }
        case .cpu: services.sorted { ($0.cpu ?? -1, $1.name) > ($1.cpu ?? -1, $0.name) }
        case .memory:
            services.sorted {
                ($0.memory?.bytes ?? -1, $1.name) > ($1.memory?.bytes ?? -1, $0.name)
            }
        }
    }

    /// From why to logs and back without the table between them.
    private func switchesPane(_ key: Key) -> Bool {
        switch key {
        case .why: if case .logs = pane { true } else { false }
        case .logs: if case .why = pane { true } else { false }
        case .quit, .sort, .up, .down, .help, .leave, .other: false
        }
    }

    private mutating func select(_ step: Int, among services: [ServiceName]) {
        guard !services.isEmpty else { return }
        guard let selected, let index = services.firstIndex(of: selected) else {
            self.selected = step > 0 ? services.first : services.last
            return
        }
        self.selected = services[min(max(0, index + step), services.count - 1)]
    }
}

extension TopView.Order {
    fileprivate var next: Self {
        switch self {
        case .name: .cpu
        case .cpu: .memory
        case .memory: .name
        }
    }
}
