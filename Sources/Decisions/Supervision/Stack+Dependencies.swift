package import StackModel

extension Stack {
    /// The dependencies that keep `name` from starting now.
    package func missing(for name: ServiceName) -> [ServiceName] {
        members[name]?.spec.dependencies.filter { !isMet($0) }.map(\.service) ?? []
    }

    /// Whose fault it is when `name` fares badly: services known to be unwell with all that they
    /// need well, and things in trouble that it, or what it needs, uses.
    package func culprits(behind name: ServiceName) -> [Subject] {
        var found: Set<ServiceName> = []
        var things = troubled(of: name)
        for next in closure(of: name) {
            let deeper = dependencies(of: next.service)
            let others = troubled(of: next.service)
            things.formUnion(others)
            // What one can do without another may need: each asks for itself.
            if !isFine(next), deeper.allSatisfy(isFine), others.isEmpty {
                found.insert(next.service)
            }
        }
        return things.sorted { $0.rawValue < $1.rawValue }.map(Subject.thing)
            + order.filter(found.contains).map(Subject.service)
    }

    /// Whose fault it is, where it is not its own, that a wanted service, which the probes judge
    /// so, is anything but fine. What a held one waits for is followed to where the trouble is.
    package func causes(of name: ServiceName, judged verdict: Verdict) -> [Subject] {
        guard let member = members[name], member.isWanted else { return [] }
        switch (member.state, verdict) {
        case (.held, _):
            let culprits = culprits(behind: name)
            return culprits.isEmpty ? missing(for: name).map(Subject.service) : culprits
        case (.starting, _), (.up, .blocked), (.up, .degraded): return culprits(behind: name)
        case (.up, _), (.down, _), (.stopping, _), (.clearing, _), (.waiting, _), (.failed, _):
            return []
        }
    }

    /// Whom `name` needs, directly or through others, and that runs or should: whoever of them is
    /// unwell may be why it is.
    package func needed(by name: ServiceName) -> [ServiceName] {
        let names = Set(closure(of: name).map(\.service))
        return order.filter(names.contains)
    }

    /// Those that need `subject`, directly or through others.
    package func dependents(of subject: Subject) -> [ServiceName] {
        order.filter { name in
            switch subject {
            case .service(let other):
                other != name && closure(of: name).contains { $0.service == other }
            case .thing(let thing):
                uses(name, thing) || closure(of: name).contains { uses($0.service, thing) }
            }
        }
    }

    /// Every dependency on the way down, each service once or as often as its conditions differ.
    private func closure(of name: ServiceName) -> [Dependency] {
        var found: [Dependency] = []
        var seen: Set<ServiceName> = [name]
        var open = dependencies(of: name)
        while let next = open.popLast() {
            // What is done, or can be done without, explains nothing, nor does what it needs.
            if isFine(next), members[next.service]?.state.isRunning != true { continue }
            found.append(next)
            if seen.insert(next.service).inserted { open += dependencies(of: next.service) }
        }
        return found
    }

    private func troubled(of name: ServiceName) -> Set<Subject.Thing> {
        troubledThings.filter { uses(name, $0) }
    }

    private func uses(_ name: ServiceName, _ thing: Subject.Thing) -> Bool {
        members[name]?.spec.uses(thing) ?? false
    }

    /// What those that have to go, and have not gone, lean on, directly or through others: it goes
    /// after them.
    func leanedOn() -> Set<ServiceName> {
        var found: Set<ServiceName> = []
        var open: [ServiceName] = []
        for (name, member) in members where !member.isWanted && member.state.isAlive {
            open.append(name)
        }
        while let name = open.popLast() {
            for dependency in dependencies(of: name) where found.insert(dependency.service).inserted
            {
                open.append(dependency.service)
            }
        }
        return found
    }

    /// `names` and all that they need, in start order. What is optional stays as it is.
    func withDependencies(_ names: [ServiceName]) -> [ServiceName] {
        var needed: Set<ServiceName> = []
        var open = names
        while let name = open.popLast() {
            guard let member = members[name], !member.isLeaving, needed.insert(name).inserted else {
                continue
            }
            open += member.spec.dependencies.filter(\.isRequired).map(\.service)
        }
        return order.filter(needed.contains)
    }

    private func dependencies(of name: ServiceName) -> [Dependency] {
        members[name]?.spec.dependencies ?? []
    }

    /// Whether nobody can blame it: it is well, or not there and can be done without.
    private func isFine(_ dependency: Dependency) -> Bool {
        guard let other = members[dependency.service] else { return true }
        return other.state.isRunning && dependency.condition != .completed
            ? other.isWell : isMet(dependency)
    }

    private func isMet(_ dependency: Dependency) -> Bool {
        guard let other = members[dependency.service] else { return !dependency.isRequired }
        switch (dependency.condition, other.state) {
        case (.started, .starting), (.started, .up): return true
        case (.healthy, .up): return other.isWell
        case (.completed, .down(.ended(let reason))) where reason.isSuccess: return true
        case (_, .down), (_, .failed): return !dependency.isRequired
        case (.healthy, .starting), (.completed, .starting), (.completed, .up), (_, .held),
            (_, .stopping), (_, .clearing), (_, .waiting):
            return false
        }
    }
}
