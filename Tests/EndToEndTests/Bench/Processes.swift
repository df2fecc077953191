import Glibc

/// A process as /proc tells of it.
struct ProcessEntry: Hashable {
    let pid: pid_t
    let parent: pid_t
    let session: pid_t
    let state: Character
    /// With the pid it names a process for good.
    let startTicks: UInt64

    init?(_ pid: pid_t) {
        guard let text = contents(of: "/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let parent = pid_t(fields[1]), let session = pid_t(fields[3]),
            let ticks = UInt64(fields[19]), let state = fields[0].first
        else { return nil }
        (self.pid, self.parent, self.session, self.state, startTicks) = (
            pid, parent, session, state, ticks
        )
    }

    static func all() -> [ProcessEntry] {
        names(in: "/proc").compactMap { pid_t($0) }.compactMap(ProcessEntry.init)
    }

    /// It is there, and no zombie.
    var isAlive: Bool {
        guard let now = ProcessEntry(pid) else { return false }
        return now.startTicks == startTicks && now.state != "Z"
    }

    /// All that descend from `pid`.
    static func descendants(of pid: pid_t) -> [ProcessEntry] {
        let all = all()
        var found: [ProcessEntry] = []
        var open = [pid]
        while let parent = open.popLast() {
            for child in all where child.parent == parent {
                found.append(child)
                open.append(child.pid)
            }
        }
        return found
    }

    /// Those whose environment has an entry that begins so.
    static func marked(_ prefix: String) -> [ProcessEntry] {
        let wanted = Array(prefix.utf8)
        return all().filter { entry in
            let environment = contents(of: "/proc/\(entry.pid)/environ") ?? ""
            return environment.utf8.split(separator: 0).contains { $0.starts(with: wanted) }
                && entry.state != "Z"
        }
    }
}

/// Whether there is such a process, and it is no zombie.
func isAlive(_ pid: pid_t) -> Bool { ProcessEntry(pid)?.isAlive ?? false }
