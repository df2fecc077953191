internal import JSONLines
internal import LinuxSystem
internal import StackModel

/// What names an instance, in the environment of all its processes: an agent that finds them knows whose they are and
/// which definition they run.
struct InstanceMark {
    /// Of the agent.
    let identity: String
    let service: ServiceName
    let number: Int
    /// `ServiceSpec.fingerprint` of its definition.
    let definition: String

    var text: String { "\(identity).\(service).\(number)-\(definition)" }

    init(identity: String, service: ServiceName, number: Int, definition: String) {
        self.identity = identity
        self.service = service
        self.number = number
        self.definition = definition
    }

    /// Nil: not one of ours, or of something that is no service's instance.
    init?(_ text: String, identity: String) {
        guard text.hasPrefix(identity + "."), let dot = text.lastIndex(of: ".") else { return nil }
        let start = text.index(text.startIndex, offsetBy: identity.utf8.count + 1)
        let parts = text[text.index(after: dot)...].split(separator: "-")
        guard start < dot, parts.count == 2, let number = Int(parts[0]) else { return nil }
        self.init(
            identity: identity, service: ServiceName(String(text[start..<dot])), number: number,
            definition: String(parts[1]))
    }
}

extension ServiceSpec {
    /// The same for all definitions of a release that one instance can run, in every agent.
    var fingerprint: String {
        // A spec holds nothing unencodable, and its keys are sorted.
        let bytes = (try? JSONLines.encode(fixedForLife)) ?? []
        return String(bytes.fingerprint(), radix: 16)
    }

    /// Without what a reload changes under a running instance: see `needsNewInstance`.
    private var fixedForLife: ServiceSpec {
        var fixed = ServiceSpec(name: name, command: command, workingDirectory: workingDirectory)
        fixed.environment = environment
        fixed.user = user
        fixed.confinement = confinement
        fixed.listen = listen
        fixed.logging.driver = logging.driver
        fixed.healthCheck.probe = healthCheck.probe == .notify ? .notify : .none
        fixed.release = release
        return fixed
    }
}

extension Agent {
    /// The instances of an earlier agent that still run: those it remembered, and whatever else is in its cgroups or
    /// carries its mark. What it did in the moments before its death may not have reached the disk.
    func findLeftovers() -> [Survivor] {
        var found = predecessor.survivors(boot: Proc.bootID())
        let root = cgroups?.cgroup
        for name in root.map({ Directory.names(in: $0.path) }) ?? [] {
            guard let cgroup = root?.child(name), !cgroup.isEmpty,
                !found.contains(where: { $0.tree.cgroup == cgroup })
            else { continue }
            let mark = cgroup.processes.lazy.compactMap(markText).first ?? ""
            found.append(survivor(mark, cgroup, else: ServiceName(name)))
        }
        let marks = Set(found.map(\.tree.mark))
        let confined = Set(found.flatMap { $0.tree.cgroup?.processes ?? [] })
        for mark in marksAround(notOf: confined).subtracting(marks).sorted() {
            let rest = String(mark.dropFirst(options.identity.count + 1))
            found.append(survivor(mark, nil, else: ServiceName(rest)))
        }
        return found
    }

    private func survivor(_ mark: String, _ cgroup: Cgroup?, else name: ServiceName) -> Survivor {
        let whole = ProcessTree(leader: -1, cgroup: cgroup, mark: mark, isLeftover: true)
        let leader = whole.processes.first {
            Proc.entry(of: $0)?.session == $0 && markText($0) == mark
        }
        let tree = ProcessTree(leader: leader ?? -1, cgroup: cgroup, mark: mark, isLeftover: true)
        let parsed = InstanceMark(mark, identity: options.identity)
        return Survivor(name: parsed?.service ?? name, tree: tree)
    }

    private func markText(_ pid: Int32) -> String? {
        Proc.environmentValue(ProcessTree.markName, of: pid)
    }

    /// The marks of ours that processes carry, those of `known` not asked.
    private func marksAround(notOf known: Set<Int32>) -> Set<String> {
        let others = Proc.all().map(\.pid).filter { !known.contains($0) }
        return Set(
            others.compactMap { pid in
                markText(pid).flatMap {
                    $0.hasPrefix(options.identity + ".") && Proc.isInOurNamespace(pid) ? $0 : nil
                }
            })
    }
}
