internal import Capacity
internal import ControlProtocol
internal import StackModel

/// What the agent has measured, as the use of things.
struct Measures {
    let series: [Series]
    let status: StackStatus?
    let machine: Machine

    func use(of metric: Metric, by service: ServiceName) -> Use? {
        let now = status?.services.first { $0.name == service }
        return Use(
            of: metric, in: points(of: .service(service)),
            now: metric == .cpu ? now?.cpu : now?.memory.map { Double($0.bytes) })
    }

    /// What the host uses beyond the services: cores and bytes.
    func rest() -> (cpu: Use?, memory: Use?) {
        let memory = Double(machine.memory.bytes)
        return (
            rest(of: .hostCPU, machine.cpus, beyond: .cpu, now: status?.services.compactMap(\.cpu)),
            rest(
                of: .memoryUsed, memory, beyond: .memory,
                now: status?.services.compactMap { $0.memory.map { Double($0.bytes) } })
        )
    }

    func load(_ plan: HostPlan) -> Load {
        var load = Load(span: series.map(\.points.span).max() ?? .zero)
        load.cpu = use(of: .hostCPU)
        load.memory = use(of: .memoryUsed)
        load.disk = use(of: .diskUsed)
        if plan.databaseConnections > 0 {
            load.connections = use(of: .postgresConnections)
                .map { $0 * (1 / Double(plan.databaseConnections)) }
        }
        if plan.databaseSize.bytes > 0 {
            load.databaseSize = use(of: .postgresSize).map {
                $0 * (1 / Double(plan.databaseSize.bytes))
            }
        }
        return load
    }

    /// Of the thing that has this measure; services have some of the same.
    private func use(of metric: Metric) -> Use? {
        let things = series.filter { $0.subject.service == nil }
        let points = things.map(\.points).first { $0.contains { $0.values[metric] != nil } }
        return Use(of: metric, in: points ?? [], now: reading(metric))
    }

    private func rest(of whole: Metric, _ factor: Double, beyond part: Metric, now: [Double]?)
        -> Use?
    {
        var parts: [Timestamp: Double] = [:]
        for one in series where one.subject.service != nil {
            for point in one.points { parts[point.time, default: 0] += point.values[part] ?? 0 }
        }
        let host = series.filter { $0.subject.service == nil }.flatMap(\.points)
        let rest = host.compactMap { point -> Measurement? in
            guard let value = point.values[whole] else { return nil }
            var copy = point
            copy.values = [whole: max(0, value * factor - (parts[point.time] ?? 0))]
            copy.highs = [:]
            return copy
        }
        let current = reading(whole).map { max(0, $0 * factor - (now ?? []).reduce(0, +)) }
        return Use(of: whole, in: rest, now: current)
    }

    private func reading(_ metric: Metric) -> Double? {
        status?.host.readings.lazy.filter { $0.key.service == nil }
            .compactMap { $0.value[metric] }.first
    }

    private func points(of subject: Subject) -> [Measurement] {
        series.first { $0.subject == subject }?.points ?? []
    }
}
