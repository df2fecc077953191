internal import StackModel

/// What can only be checked with all services in view.
struct DraftChecks {
    let active: [Draft]
    /// Those of inactive profiles among them.
    let all: [Draft]
    let findings: Findings

    /// Takes out of `services` the optional dependencies on what is not there.
    func check(_ services: inout [ServiceSpec]) {
        let known = Dictionary(active.map { ($0.spec.name, $0) }, uniquingKeysWith: { $1 })
        let declared = Set(all.map(\.spec.name))
        for (index, draft) in active.enumerated() {
            for (dependency, place) in zip(draft.spec.dependencies, draft.dependencyPlaces) {
                if let other = known[dependency.service] {
                    check(dependency, on: other, at: place)
                } else {
                    services[index].dependencies.removeAll { $0 == dependency }
                    missing(dependency, isDeclared: declared.contains(dependency.service), place)
                }
            }
        }
        checkCycles(known)
        checkPorts()
        checkSockets()
        checkPlaces()
    }

    private func missing(_ dependency: Dependency, isDeclared: Bool, _ place: Place) {
        guard findings.hasRoom else { return }
        let name = dependency.service.text
        if isDeclared {
            guard dependency.isRequired else { return }
            let advice = "is not active: choose one of its profiles, or write 'required: false'"
            findings.error(place, "depends_on", "service '\(name)' \(advice)")
        } else {
            let near = suggestion(for: name, among: all.map(\.spec.name.text))
            let message = "unknown service '\(name)'\(near)"
            if dependency.isRequired {
                findings.error(place, "depends_on", message)
            } else {
                findings.warn(place, "depends_on", message)
            }
        }
    }

    private func check(_ dependency: Dependency, on other: Draft, at place: Place) {
        let name = other.spec.name
        switch dependency.condition {
        case .started: return
        case .healthy where other.spec.healthCheck.probe == .none:
            findings.error(
                place, "depends_on", "'\(name)' has no 'healthcheck' that could make it healthy")
        case .completed where other.spec.restart.condition == .always:
            findings.error(
                place, "depends_on", "'\(name)' is always restarted, so it is never completed")
        case .healthy, .completed: return
        }
    }

    /// Takes away what can start until nothing more can; what is left waits for itself.
    private func checkCycles(_ known: [ServiceName: Draft]) {
        var waiting: [ServiceName: Set<ServiceName>] = [:]
        var dependents: [ServiceName: [ServiceName]] = [:]
        for draft in active {
            let needs = draft.spec.dependencies.map(\.service).filter { known[$0] != nil }
            waiting[draft.spec.name] = Set(needs)
            for need in needs { dependents[need, default: []].append(draft.spec.name) }
        }
        func take(_ ready: [ServiceName]) {
            var ready = ready
            while let name = ready.popLast() {
                guard waiting.removeValue(forKey: name) != nil else { continue }
                for dependent in dependents[name] ?? [] {
                    waiting[dependent]?.remove(name)
                    if waiting[dependent]?.isEmpty == true { ready.append(dependent) }
                }
            }
        }
        take(active.map(\.spec.name).filter { waiting[$0]?.isEmpty == true })
        while let start = active.first(where: { waiting[$0.spec.name] != nil }) {
            let cycle = cycle(from: start, waiting: waiting, known: known)
            report(cycle, known)
            // Broken here, so that other cycles are found too.
            take(cycle.map(\.spec.name))
        }
    }

    private func cycle(
        from start: Draft, waiting: [ServiceName: Set<ServiceName>], known: [ServiceName: Draft]
    ) -> [Draft] {
        var path = [start]
        var positions = [start.spec.name: 0]
        while let last = path.last {
            let next = last.spec.dependencies.lazy.map(\.service)
                .first { waiting[last.spec.name]?.contains($0) == true }
            guard let next, let draft = known[next] else { return path }
            if let position = positions[next] { return Array(path[position...]) }
            positions[next] = path.count
            path.append(draft)
        }
        return path
    }

    private func report(_ cycle: [Draft], _ known: [ServiceName: Draft]) {
        // From the service that stands first in the file.
        let order = active.map(\.spec.name)
        let names = cycle.map(\.spec.name)
        let first = order.first(where: names.contains).flatMap(names.firstIndex) ?? 0
        let turned = Array(cycle[first...] + cycle[..<first])
        guard let head = turned.first else { return }
        let next = turned.dropFirst().first?.spec.name ?? head.spec.name
        let index = head.spec.dependencies.firstIndex { $0.service == next } ?? 0
        let path = (turned + [head]).map(\.spec.name.text).joined(separator: " -> ")
        findings.error(head.dependencyPlaces[index], "depends_on", "is a circle: \(path)")
    }

    private func checkPorts() {
        var taken: [UInt16: [(claim: PortClaim, service: ServiceName)]] = [:]
        for strength in [PortClaim.Strength.declared, .likely, .possible] {
            for draft in active {
                for claim in draft.claims where claim.strength == strength {
                    let others = taken[claim.port.number] ?? []
                    let other = others.first {
                        $0.service != draft.spec.name && $0.claim.port.overlaps(claim.port)
                    }
                    if let other { clash(claim, other.claim, with: other.service) }
                    taken[claim.port.number, default: []].append((claim, draft.spec.name))
                }
            }
        }
    }

    private func clash(_ claim: PortClaim, _ other: PortClaim, with service: ServiceName) {
        guard claim.strength != .possible else { return }
        findings.error(
            claim.place, claim.key,
            "duplicate port \(claim.port.number): '\(service)' has it already"
                + " (\(shown(other.place, from: claim.place)))")
    }

    /// Those without ports: paths and abstract names.
    private func checkSockets() {
        var taken: [String: (place: Place, service: ServiceName)] = [:]
        for draft in active {
            guard let place = draft.listenPlace, let path = draft.spec.listen,
                Endpoint(listening: path) == nil
            else { continue }
            if let other = taken[path] {
                findings.error(
                    place, "x-catalyst.listen",
                    "duplicate socket: '\(other.service)' has it already"
                        + " (\(shown(other.place, from: place)))")
            }
            taken[path] = (place, draft.spec.name)
        }
    }

    /// Whoever may write to a directory may put a link in the place of what is in it, and the agent would mount what
    /// that leads to.
    private func checkPlaces() {
        for draft in active {
            let confinement = draft.spec.confinement
            guard let isolation = confinement.isolation else { continue }
            let granted = isolation.writable.filter { !isInside($0, isolation.writable) }
            let places = granted + isolation.visible + isolation.hidden + confinement.tmpfs
            for other in active {
                let writable = other.spec.confinement.isolation?.writable ?? []
                guard let path = places.first(where: { isInside($0, writable) }) else { continue }
                findings.error(
                    draft.place, "x-catalyst.isolation",
                    "'\(path)' is inside of what '\(other.spec.name)' may write to, which could put a "
                        + "link in its place: name places beside each other")
            }
        }
    }

    /// Below one of them, not one itself.
    private func isInside(_ path: String, _ places: [String]) -> Bool {
        places.contains { path.hasPrefix($0 + "/") }
    }

    /// `line 2`, or `base.yaml:2` where that is another file.
    private func shown(_ place: Place, from here: Place) -> String {
        let line = place.line ?? 0
        return place.file == here.file ? "line \(line)" : "\(findings.files[place.file]):\(line)"
    }
}
