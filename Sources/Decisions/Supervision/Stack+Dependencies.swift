package import StackModel

extension Stack {
    /// The dependencies that keep `name` from starting now.
    package func missing(for name: ServiceName) -> [ServiceName] {
        guard let member = members[name] else { return [] }
        let spec = member.nextSpec ?? member.spec
        return spec.dependencies.filter { !isMet($0) }.map(\.service)
    }

    /// The services whose fault it is when `name` fares badly: known to be unwell, with all that they need well.
    package func culprits(behind name: ServiceName) -> [ServiceName] {
        var found: [ServiceName] = []
        var seen: Set<ServiceName> = [name]
        var open = neededByName(name)
        while let next = open.popLast() {
            guard seen.insert(next).inserted, let member = members[next] else { continue }
            let deeper = neededByName(next)
            open += deeper
            if !member.isWell, deeper.allSatisfy({ members[$0]?.isWell ?? true }) { found.append(next) }
        }
        return order.filter(found.contains)
    }

    /// Those that depend on `name` directly.
    package func dependents(of name: ServiceName) -> [ServiceName] {
        order.filter { neededByName($0).contains(name) }
    }

    /// `names` and all that they need, in start order. What is optional stays as it is.
    func withDependencies(_ names: [ServiceName]) -> [ServiceName] {
        var needed: Set<ServiceName> = []
        var open = names
        while let name = open.popLast() {
            guard let member = members[name], needed.insert(name).inserted else { continue }
            open += member.spec.dependencies.filter(\.isRequired).map(\.service)
        }
        return order.filter(needed.contains)
    }

    private func neededByName(_ name: ServiceName) -> [ServiceName] {
        members[name]?.spec.dependencies.map(\.service) ?? []
    }

    private func isMet(_ dependency: Dependency) -> Bool {
        guard let other = members[dependency.service] else { return !dependency.isRequired }
        switch (dependency.condition, other.state) {
        case (.started, .starting), (.started, .up): return true
        case (.healthy, .up): return other.isWell
        case (.completed, .down(.ended(let reason))): return reason.isSuccess
        case (_, .down), (_, .failed): return !dependency.isRequired && !other.isOnItsWay
        case (.healthy, .starting), (.completed, .starting), (.completed, .up), (_, .held),
            (_, .stopping), (_, .clearing), (_, .waiting):
            return false
        }
    }
}

extension Stack.Member {
    /// Down at the moment, but about to be started.
    fileprivate var isOnItsWay: Bool {
        if case .down(.stopped) = state { isWanted } else { false }
    }
}
