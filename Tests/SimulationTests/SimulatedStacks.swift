import StackModel
import TestSupport

/// Stack files for the simulation: the documented nine, random ones, and what an operator makes of
/// them.
enum SimulatedStacks {
    /// The nine of `units/stack.yaml`, with what they need.
    static let nine: [(ServiceName, [ServiceName])] = [
        ("redis", []), ("news", ["redis"]), ("orchestration", ["redis"]), ("scanner", ["news"]),
        ("pattern", ["redis"]), ("technical", ["redis"]), ("risk-manager", ["redis"]),
        ("trading", ["scanner", "pattern", "technical"]), ("reporting", ["trading"]),
    ]

    static func spec(of services: [ServiceSpec]) -> StackSpec {
        var spec = StackSpec(name: "simulated", services: services)
        if services.contains(where: { $0.uses(.postgres) }) {
            spec.database = "postgres://db/catalyst"
        }
        return spec
    }

    static func brake(_ chance: inout Chance) -> BrakePolicy {
        var policy = BrakePolicy()
        policy.restarts = 1 + chance.index(below: 5)
        policy.window = chance.duration(.seconds(5), brakeWindowMax)
        return policy
    }

    static func any(_ chance: inout Chance) -> [ServiceSpec] {
        chance.happens(40) ? theNine(&chance) : random(&chance)
    }

    private static func theNine(_ chance: inout Chance) -> [ServiceSpec] {
        nine.map { name, needs in
            var spec = service(name, isJob: false, &chance)
            spec.dependencies = needs.map { Dependency(on: $0, .healthy) }
            return spec
        }
    }

    private static func random(_ chance: inout Chance) -> [ServiceSpec] {
        let names = (0..<(1 + chance.index(below: 7))).map { ServiceName("s\($0)") }
        let services = names.map { name in service(name, isJob: chance.happens(15), &chance) }
        return withDependencies(services, &chance)
    }

    /// A job runs to its end and is content; others serve until they are stopped.
    static func isJob(_ spec: ServiceSpec) -> Bool { spec.labels["job"] != nil }

    static func service(_ name: ServiceName, isJob: Bool, _ chance: inout Chance) -> ServiceSpec {
        var spec = ServiceSpec(name: name, command: ["/bin/\(name)"])
        spec.healthCheck = healthCheck(isJob ? .none : probe(&chance), &chance)
        spec.restart = restartPolicy(&chance)
        spec.stopGracePeriod = chance.duration(.milliseconds(200), graceMax)
        spec.onUnhealthy = chance.happens(10) ? .alert : .restart
        if chance.happens(30) { spec.environment["DATABASE_URL"] = "postgres://db/catalyst" }
        if isJob {
            spec.labels["job"] = ""
            spec.restart.condition = chance.happens(80) ? .onFailure : .never
        }
        return spec
    }

    static let graceMax = Duration.seconds(10)
    static let resetMax = Duration.seconds(60)
    static let slowRetryMax = Duration.seconds(120)
    static let pauseMax = Duration.seconds(30)
    static let intervalMax = Duration.seconds(20)
    static let timeoutMax = Duration.seconds(5)
    static let retriesMax = 3
    static let attemptsMax = 4
    static let startPeriodMax = Duration.seconds(10)
    static let brakeWindowMax = Duration.seconds(60)

    private static func probe(_ chance: inout Chance) -> Probe {
        chance.pick(
            .tcp(host: "h", port: 1), .tcp(host: "h", port: 1), .tcp(host: "h", port: 1), .notify,
            .none)
    }

    private static func healthCheck(_ probe: Probe, _ chance: inout Chance) -> HealthCheck {
        var check = HealthCheck(probe)
        check.interval = chance.duration(.seconds(4), intervalMax)
        check.timeout = chance.duration(.seconds(1), timeoutMax)
        check.retries = 1 + chance.index(below: retriesMax)
        check.successes = chance.pick(1, 1, 2)
        check.startPeriod = chance.duration(.zero, startPeriodMax)
        check.startInterval = chance.duration(.milliseconds(500), .seconds(3))
        return check
    }

    private static func restartPolicy(_ chance: inout Chance) -> RestartPolicy {
        var policy = RestartPolicy()
        policy.condition = chance.pick(.always, .always, .always, .always, .onFailure, .never)
        policy.backoff.initial = chance.duration(.milliseconds(100), .seconds(2))
        policy.backoff.max = chance.duration(.seconds(2), pauseMax)
        policy.backoff.jitter = chance.pick(0, 0.2, 0.5)
        policy.backoff.resetAfter = chance.duration(.seconds(10), resetMax)
        policy.attemptsMax = chance.happens(50) ? chance.index(below: attemptsMax + 1) : nil
        policy.window = chance.happens(50) ? chance.duration(.seconds(20), .seconds(300)) : .zero
        policy.slowRetry = chance.happens(90) ? chance.duration(.seconds(15), slowRetryMax) : .zero
        return policy
    }

    /// The same services with new dependencies, never in a ring.
    private static func withDependencies(_ services: [ServiceSpec], _ chance: inout Chance)
        -> [ServiceSpec]
    {
        var services = services
        let ranks = services.indices.shuffled(using: &chance)
        for index in services.indices {
            services[index].dependencies = []
            for other in services.indices where ranks[other] < ranks[index] && chance.happens(35) {
                services[index].dependencies.append(dependency(on: services[other], &chance))
            }
        }
        return services
    }

    private static func dependency(on other: ServiceSpec, _ chance: inout Chance) -> Dependency {
        let condition: Dependency.Condition =
            isJob(other) && chance.happens(90)
            ? .completed : chance.pick(.healthy, .healthy, .started)
        return Dependency(
            on: other.name, condition, restart: chance.happens(20), isRequired: chance.happens(85))
    }

    /// What an operator could make of `services`: always a file that would be accepted.
    static func edited(_ services: [ServiceSpec], _ chance: inout Chance) -> [ServiceSpec] {
        var services = services
        for _ in 0...chance.index(below: 3) {
            let index = chance.index(below: services.count)
            switch chance.index(below: 7) {
            case 0: services[index].environment["A"] = "\(chance.index(below: 3))"
            case 1:
                let old = services[index].healthCheck.probe
                let probe = chance.happens(70) || isJob(services[index]) ? old : probe(&chance)
                services[index].healthCheck = healthCheck(probe, &chance)
            case 2: services[index].restart = restartPolicy(&chance)
            case 3 where services.count > 1: remove(index, from: &services)
            case 4: services = withDependencies(services, &chance)
            case 5: services.shuffle(using: &chance)
            default:
                let name = ServiceName(chance.pick("s0", "s1", "news", "s8", "reporting"))
                guard !services.contains(where: { $0.name == name }) else { continue }
                var added = service(name, isJob: false, &chance)
                added.dependencies = [dependency(on: services[index], &chance)]
                services.append(added)
            }
        }
        for index in services.indices
        where isJob(services[index]) && services[index].restart.condition == .always {
            services[index].restart.condition = .onFailure
        }
        return services
    }

    private static func remove(_ index: Int, from services: inout [ServiceSpec]) {
        let gone = services.remove(at: index).name
        for other in services.indices {
            services[other].dependencies.removeAll { $0.service == gone }
        }
    }
}

/// One line of the trace.
func description(_ spec: ServiceSpec) -> String {
    let needs = spec.dependencies.map { dependency in
        let condition =
            "\(dependency.condition)\(dependency.isRequired ? "" : "?")\(dependency.restart ? "!" : "")"
        return "\(dependency.service) \(condition)"
    }
    return """
        file: \(spec.name): \(spec.healthCheck.probe.test[0]), restart \(spec.restart.condition), \
        \(spec.onUnhealthy), needs \(needs.isEmpty ? "nothing" : needs.joined(separator: ", "))
        """
}
