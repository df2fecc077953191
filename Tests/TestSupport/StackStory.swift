// A release build has no such module: whoever builds all of it needs none of this.
#if canImport(Testing)
package import StackModel
package import Supervision
package import Testing

/// Expects that a stack goes as `transcript` says, after what is not told of the `past`: a line an
/// event, with the states that came of it and what else was done. A process is there as soon as it is
/// spawned, except those of `broken`, which cannot be.
package func expectStory(
    of services: [ServiceSpec], after past: [Stack.Event] = [], _ events: [Stack.Event],
    broken: Set<ServiceName> = [], rolloutOrder: [ServiceName] = [], _ transcript: String,
    at location: SourceLocation = #_sourceLocation
) {
    var spec = StackSpec(name: "story", services: services)
    spec.rollout.order = rolloutOrder
    var stack = Stack(spec)
    var now = Moment.zero
    var rows: [[String]] = []
    for (index, event) in (past + events).enumerated() {
        now = now + .seconds(1)
        var done: [String] = []
        var inbox = [event]
        while !inbox.isEmpty {
            let effects = stack.receive(
                inbox.removeFirst(), in: Lifecycle.Surroundings(now: now, chance: 0))
            for effect in effects {
                if let word = word(for: effect) { done.append(word) }
                guard case .service(let name, .spawn) = effect else { continue }
                let hasProbe = stack.members[name]?.spec.healthCheck.probe != Probe.none
                inbox.append(
                    .happened(
                        name,
                        broken.contains(name)
                            ? .spawnFailed("no such file") : .spawned(saysWhenReady: hasProbe)))
            }
        }
        if index < past.count { continue }
        rows.append([event.words, "→ " + (done.isEmpty ? "–" : done.joined(separator: ", "))])
    }
    expectText(table(rows), transcript, at: location)
}

private func word(for effect: Stack.Effect) -> String? {
    switch effect {
    case .transitioned(_, _, .clearing, _): nil
    case .transitioned(let name, _, let state, _): "\(name) \(state.words)"
    case .service(let name, .killTree): "kill \(name)"
    case .service(let name, .reportAnomaly(_, let event)): "anomaly of \(name): \(event.words)"
    case .service(_, .spawn), .service(_, .sendStopSignal), .service(_, .setAlarm),
        .service(_, .clearAlarm):
        nil
    case .adjusted(let name): "adjust \(name)"
    case .removed(let name): "remove \(name)"
    case .restartAbandoned(let name, let rest):
        "abandoned at \(name): \(rest.map(\.text).joined(separator: " "))"
    case .braked(let name): "brake \(name)"
    case .finished: "finished"
    }
}

extension ServiceSpec {
    /// For stories: always restarted, and probed where `probe` says so.
    package static func service(
        _ name: ServiceName, needs dependencies: [Dependency] = [],
        probed: Probe = .tcp(host: "localhost", port: 1),
        _ change: (inout ServiceSpec) -> Void = { _ in }
    ) -> ServiceSpec {
        var spec = ServiceSpec(name: name, command: ["/bin/\(name)"])
        spec.dependencies = dependencies
        spec.healthCheck = HealthCheck(probed)
        spec.restart.condition = .always
        change(&spec)
        return spec
    }
}
#endif
