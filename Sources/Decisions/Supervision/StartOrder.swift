package import StackModel

/// The order in which services may start: what is depended on first, the file's order among equals.
///
/// Services of a cycle come last, in the file's order: `StackFile` refuses cycles, and a decision
/// must not hang on one.
package func startOrder(of services: [ServiceSpec]) -> [ServiceName] {
    let names = Set(services.map(\.name))
    var waiting = services
    var placed: Set<ServiceName> = []
    var order: [ServiceName] = []
    while !waiting.isEmpty {
        let next = waiting.firstIndex { service in
            service.dependencies.allSatisfy {
                placed.contains($0.service) || !names.contains($0.service)
            }
        }
        let service = waiting.remove(at: next ?? 0)
        placed.insert(service.name)
        order.append(service.name)
    }
    return order
}
