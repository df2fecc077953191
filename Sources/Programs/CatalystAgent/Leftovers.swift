internal import LinuxSystem
internal import StackModel

extension Agent {
    /// The instances of an earlier agent that still run: those it remembered, and whatever else is in its cgroups or
    /// carries its mark. What it did in the moments before its death may not have reached the disk.
    func findLeftovers() -> [(ServiceName, ProcessTree)] {
        var found = remembered.survivors(boot: Proc.bootID())
        for name in cgroupRoot.map({ Directory.names(in: $0.path) }) ?? [] {
            guard let cgroup = cgroupRoot?.child(name), !cgroup.isEmpty,
                !found.contains(where: { $0.1.cgroup == cgroup })
            else { continue }
            found.append(
                (
                    ServiceName(name),
                    ProcessTree(leader: -1, cgroup: cgroup, mark: "", isLeftover: true)
                ))
        }
        let marks = Set(found.map(\.1.mark))
        let confined = Set(found.flatMap { $0.1.cgroup?.processes ?? [] })
        for mark in marksAround(notOf: confined).subtracting(marks).sorted() {
            let tree = ProcessTree(leader: -1, cgroup: nil, mark: mark, isLeftover: true)
            found.append((ServiceName(serviceText(of: mark)), tree))
        }
        return found
    }

    /// The marks of ours that processes carry, those of `known` not asked.
    private func marksAround(notOf known: Set<Int32>) -> Set<String> {
        let others = Proc.all().map(\.pid).filter { !known.contains($0) }
        return Set(
            others.compactMap { pid in
                Proc.environmentValue(ProcessTree.markName, of: pid)
                    .flatMap {
                        $0.hasPrefix(options.identity + ".") && Proc.isInOurNamespace(pid)
                            ? $0 : nil
                    }
            })
    }

    /// A mark is `identity.service.number`.
    private func serviceText(of mark: String) -> String {
        let rest = mark.dropFirst(options.identity.count + 1)
        return String(rest.lastIndex(of: ".").map { rest[..<$0] } ?? rest)
    }
}
